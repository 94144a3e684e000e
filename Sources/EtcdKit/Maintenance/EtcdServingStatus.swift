// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

/// Whether a member takes calls, by its own account.
///
/// More may be added, so a `switch` over it needs a `default`.
public struct EtcdServingStatus: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
        case unknown
        case serving
        case notServing
    }

    private let value: Value

    private init(_ value: Value) {
        self.value = value
    }

    init(_ wire: HealthCheckResponse.ServingStatus) {
        switch wire {
        case .serving: self = .serving
        case .notServing: self = .notServing
        default: self = .unknown
        }
    }

    /// The name of the status, such as `notServing`.
    public var description: String {
        self.value.rawValue
    }

    /// The member takes calls.
    public static let serving = EtcdServingStatus(Value.serving)

    /// The member asks to be left alone, as while it defragments (etcd 3.6 or newer, if it was
    /// started so) or ends.
    public static let notServing = EtcdServingStatus(Value.notServing)

    /// The member does not say.
    public static let unknown = EtcdServingStatus(Value.unknown)
}

/// Whether a member takes calls, now and whenever that changes.
///
/// It begins with the present status and ends with an error when the connection is lost; it is not
/// taken up again, for what a member says of itself is of no use while it cannot be reached.
/// Cancelling the task that iterates, or letting the iterator go, ends it at once. Each iteration
/// asks anew.
public struct EtcdServingStatuses: AsyncSequence, Sendable {
    /// What one step of the iteration delivers.
    public typealias Element = EtcdServingStatus
    /// Every error thrown by the iteration is an ``EtcdError``, or `CancellationError`.
    public typealias Failure = any Error

    /// Kept, as a client that nobody has is closed.
    let client: EtcdClient
    let messages: ServerStream<HealthCheckRequest, HealthCheckResponse>

    /// Asks the member when the first status is asked for.
    ///
    /// - Returns: The iterator.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(client: self.client, messages: self.messages.makeAsyncIterator())
    }

    /// Delivers the statuses in order.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let client: EtcdClient
        private var messages: ServerStream<HealthCheckRequest, HealthCheckResponse>.AsyncIterator

        fileprivate init(
            client: EtcdClient,
            messages: ServerStream<HealthCheckRequest, HealthCheckResponse>.AsyncIterator
        ) {
            self.client = client
            self.messages = messages
        }

        /// Waits for the next status.
        ///
        /// - Returns: The status, or nil when the member has ended the stream.
        /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
        public mutating func next() async throws -> EtcdServingStatus? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next status.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The status, or nil when the member has ended the stream.
        /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdServingStatus? {
            try await self.messages.next(isolation: actor).map { EtcdServingStatus($0.status) }
        }
    }
}

@available(*, unavailable)
extension EtcdServingStatuses.AsyncIterator: Sendable {}
