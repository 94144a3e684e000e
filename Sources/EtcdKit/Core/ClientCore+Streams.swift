// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension ClientCore {
    /// Opens a stream on one of the connections for what lives long.
    ///
    /// Its owner opens it again when it ends: it may end just because it has to go over to another
    /// connection, or to other credentials.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - since: the first etcd release that has the method; nil: all have it.
    ///   - role: which connection.
    ///   - pool: where it comes from; nil: the client's own.
    ///   - deadline: when to give up waiting for a connection.
    ///   - endpoint: an endpoint to leave, if there are others.
    ///   - flowControl: who gives the window back.
    ///   - onEvent: called on the event loop's thread; before this returns unless the caller is on that
    ///     thread, too.
    /// - Returns: the stream.
    /// - Throws: ``EtcdError`` when there is no connection, or `CancellationError`.
    func openStream(
        _ method: GRPCMethod,
        since: String? = nil,
        for role: ConnectionRole = .streams,
        from pool: ConnectionPool? = nil,
        deadline: ContinuousClock.Instant,
        avoiding endpoint: Endpoint? = nil,
        flowControl: GRPCStreamFlowControl = .automatic,
        onEvent: @escaping @Sendable (GRPCStreamEvent) -> Void
    ) async throws -> ClientStream {
        let storeEpoch = self.identity.storeEpoch
        let epoch = self.tokens.epoch
        let metadata = try await self.metadata(until: deadline)
        let connection = try await self.connection(
            for: role,
            from: pool,
            until: deadline,
            avoiding: endpoint
        )
        let stream = connection.openStream(
            method,
            metadata: metadata.withLeader,
            flowControl: flowControl,
            isMovable: true,
            onEvent: onEvent
        )
        // Credentials were replaced between the token and the stream, which came too late to be
        // moved with the others.
        if self.tokens.epoch != epoch { connection.moveStreams() }
        return ClientStream(
            stream: stream,
            connection: connection,
            method: method,
            since: since,
            tokenGeneration: metadata.generation,
            storeEpoch: storeEpoch
        )
    }

    /// Learns from the end of a stream, or from what the server said on it.
    ///
    /// - Parameters:
    ///   - failure: what happened.
    ///   - stream: the stream concerned.
    /// - Returns: the error as the user sees it.
    @discardableResult
    func streamFailed(_ failure: CallFailure, on stream: ClientStream) -> EtcdError {
        let verdict = CallVerdict(
            failure,
            of: stream.method,
            since: stream.since,
            endpoint: stream.endpoint
        )
        self.learn(
            from: verdict,
            on: stream.connection,
            tokenGeneration: stream.tokenGeneration
        )
        return verdict.error
    }
}
