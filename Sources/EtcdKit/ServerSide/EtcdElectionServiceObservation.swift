// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// Who leads an election, as the server tells: ``EtcdElectionService/observe(_:)``.
public struct EtcdElectionServiceObservation: AsyncSequence, Sendable {
    /// The leader with what it proclaims.
    public typealias Element = EtcdElectionLeader
    /// Every error thrown by the iteration is an ``EtcdError`` or a `CancellationError`.
    public typealias Failure = any Error

    /// Kept, as a client that nobody has is closed.
    private let client: EtcdClient
    private let answers: ServerStream<LeaderRequest, LeaderResponse>
    private let namespace: KeyNamespace?

    init(client: EtcdClient, request: LeaderRequest) {
        self.client = client
        var request = request
        if let namespace = client.keyNamespace { request.enter(namespace) }
        self.namespace = client.keyNamespace
        self.answers = client.core.serverStream(
            ElectionServiceRPC.observe,
            request,
            // The first message comes when somebody leads.
            ServerStreamOptions(
                route: .streams,
                timeout: client.requestTimeout,
                opensWithMessage: false
            )
        )
    }

    /// Starts an observation of its own.
    ///
    /// - Returns: The iterator. Letting it go ends the observation on the server.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(
            client: self.client,
            answers: self.answers.makeAsyncIterator(),
            namespace: self.namespace
        )
    }

    /// Delivers the leaders.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let client: EtcdClient
        private var answers: ServerStream<LeaderRequest, LeaderResponse>.AsyncIterator
        private let namespace: KeyNamespace?

        init(
            client: EtcdClient,
            answers: ServerStream<LeaderRequest, LeaderResponse>.AsyncIterator,
            namespace: KeyNamespace?
        ) {
            self.client = client
            self.answers = answers
            self.namespace = namespace
        }

        /// Waits for the next leader.
        ///
        /// - Returns: The leader; `nil` if the server ended the observation.
        /// - Throws: ``EtcdError`` when the observation is lost; `CancellationError` if the task was
        ///   cancelled.
        public mutating func next() async throws -> EtcdElectionLeader? {
            try await self.next(isolation: #isolation)
        }

        /// Waits for the next leader.
        ///
        /// - Parameter actor: The isolation of the caller.
        /// - Returns: The leader; `nil` if the server ended the observation.
        /// - Throws: ``EtcdError`` when the observation is lost; `CancellationError` if the task was
        ///   cancelled.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws -> EtcdElectionLeader? {
            while var response = try await self.answers.next(isolation: actor) {
                if let namespace = self.namespace { try response.leave(namespace) }
                if let kv = response.kv { return EtcdElectionLeader(EtcdKeyValue(kv)) }
            }
            return nil
        }
    }
}
