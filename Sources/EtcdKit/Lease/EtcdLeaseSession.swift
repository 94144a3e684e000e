// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// A lease that is kept alive, and the knowledge of how long it can be relied on.
///
/// Open one with ``EtcdClient/openLeaseSession(ttl:renewalStream:)``, end it with ``close()``.
/// Renewals go out every third of the time to live, over a connection that carries nothing else. An
/// unanswered one is repeated over another connection, to another member if there is one.
///
/// Whether the lease is held is judged here, by the clock and on the safe side: the server starts
/// counting when it handles a renewal, so the lease lives at least until the moment the renewal
/// was *sent* plus its time to live. ``deadline`` is a margin before that, and the loss is raised
/// then, before the server can give the lease's keys away. The clock runs on while the machine is
/// suspended.
///
/// ```swift
/// let session = try await client.openLeaseSession(ttl: .seconds(30))
/// try await client.put("/workers/7", "alive", lease: session.id)
/// for await state in session.states {
///     if case .lost(let reason) = state { print("lost:", reason) }
/// }
/// ```
///
/// A session may be used from any task. Dropping one without closing it stops the renewals: the
/// lease then expires by itself, and a warning is logged.
public final class EtcdLeaseSession: Sendable {
    /// Whether the lease can be relied on.
    public enum State: Sendable, Hashable {
        /// The lease is alive and its renewals are answered.
        case live(until: ContinuousClock.Instant)
        /// The lease is alive, but a renewal is overdue: it will be lost at the given moment
        /// unless one gets through.
        case suspect(until: ContinuousClock.Instant)
        /// The lease must not be relied on any more. Final.
        case lost(LossReason)
    }

    /// The lease's ID.
    public let id: EtcdLeaseID
    /// The time to live that the server granted.
    public let ttl: Duration

    private let record: LeaseRecord
    private let keeper: LeaseKeeper
    private let isClosed = Atomic<Bool>(false)

    init(record: LeaseRecord, ttl: Duration, keeper: LeaseKeeper) {
        self.id = record.id
        self.ttl = ttl
        self.record = record
        self.keeper = keeper
    }

    deinit {
        guard !self.isClosed.load(ordering: .relaxed) else { return }
        if case .lost = self.record.current { return }
        self.keeper.core.logger.warning(
            "a lease session was let go without close(); its lease expires by itself",
            metadata: ["lease": "\(self.id)"]
        )
        self.keeper.release(self.record, .abandoned)
    }

    /// The moment until which the lease is certain to live unless it is revoked.
    ///
    /// Moves on with every renewal that is answered. In the past once the lease is lost by time.
    public var deadline: ContinuousClock.Instant { self.record.deadline }

    /// Whether the lease can be relied on, judged by the clock at the moment of the call.
    public var state: State { self.record.current }

    /// The state each time it changes, beginning with the present one.
    ///
    /// Only the latest state is kept: a reader that is slow skips the ones in between. Ends after
    /// `lost`. Any number of readers may iterate at the same time.
    public var states: States { States(record: self.record) }

    /// Stops the renewals and revokes the lease, which deletes its keys.
    ///
    /// Waits for the server's answer, but not long: if it cannot be reached the lease expires by
    /// itself. Safe to call again, and after the lease was lost. Works in a cancelled task.
    public func close() async {
        guard !self.isClosed.exchange(true, ordering: .relaxed) else { return }
        if case .lost(.revoked) = self.record.current { return }
        self.keeper.release(self.record, .closed)
        let core = self.keeper.core
        let id = self.id
        // Unstructured so that it runs in a cancelled task too; bounded by its timeout.
        await Task { await core.endLease(id, timeout: Self.closingTimeout) }.value
    }

    /// How long closing waits for the server; the lease expires by itself if that is not enough.
    private static let closingTimeout: Duration = .seconds(3)

    /// Stops the renewals without revoking the lease: its keys stay until it expires.
    public func abandon() {
        guard !self.isClosed.exchange(true, ordering: .relaxed) else { return }
        self.keeper.release(self.record, .abandoned)
    }
}

extension EtcdLeaseSession {
    /// The states of a session as they change.
    public struct States: AsyncSequence, Sendable {
        /// What one step of the iteration delivers.
        public typealias Element = State
        /// The iteration does not fail.
        public typealias Failure = Never

        let record: LeaseRecord

        /// Starts an iteration of its own.
        ///
        /// - Returns: An iterator that begins with the present state.
        public func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(record: self.record)
        }

        /// Delivers the latest state whenever it differs from the last one delivered.
        public struct AsyncIterator: AsyncIteratorProtocol {
            let record: LeaseRecord
            private var last: State?

            init(record: LeaseRecord) {
                self.record = record
            }

            /// Waits until the state differs from the last one delivered.
            ///
            /// - Returns: The state; `nil` after `lost` was delivered or if the task is cancelled.
            public mutating func next() async -> State? {
                await self.next(isolation: #isolation)
            }

            /// Waits until the state differs from the last one delivered.
            ///
            /// - Parameter actor: The isolation of the caller.
            /// - Returns: The state; `nil` after `lost` was delivered or if the task is cancelled.
            public mutating func next(
                isolation actor: isolated (any Actor)?
            ) async -> State? {
                if case .lost = self.last { return nil }
                let state = await self.record.next(after: self.last, isolation: actor)
                self.last = state
                return state
            }
        }
    }
}
