// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// Reads that one member may answer on its own, and that yet never go back in time.
///
/// A client that moves to another member may find one that lags behind. What it answers may be out of
/// date, as the caller agreed to, but not older than what this client has seen already: then the read is
/// made once more, with the agreement of all. The same when the member has not come as far as the
/// revision asked for, while another one has.
extension EtcdClient {
    /// Reads a range.
    func readSerializably(_ request: RangeRequest) async throws -> RangeResponse {
        try await self.neverBack(
            KVRPC.serializableRange,
            request,
            revision: request.revision,
            isTimeless: request.revision > 0
        ) { request in
            request.serializable = false
            return KVRPC.range
        }
    }

    /// Runs a transaction all of whose operations are such reads.
    func readSerializably(_ request: TxnRequest) async throws -> TxnResponse {
        try await self.neverBack(
            KVRPC.serializableTxn,
            request,
            revision: (request.success + request.failure).map(\.revision).max() ?? 0,
            // Its conditions are judged by what the member has now.
            isTimeless: false
        ) { request in
            for index in request.success.indices { request.success[index].linearize() }
            for index in request.failure.indices { request.failure[index].linearize() }
            return KVRPC.txn
        }
    }

    /// Reads from one member, and from all if that one is behind.
    ///
    /// - Parameters:
    ///   - rpc: the method.
    ///   - request: the request.
    ///   - revision: the highest revision asked for; 0 for the newest.
    ///   - isTimeless: whether what it reads is the same at any time.
    ///   - linearize: changes the request to one that all agree on, and returns the method for it.
    /// - Returns: the answer.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    private func neverBack<Request: KeyedRequest, Response: KeyedResponse & StoreResponse>(
        _ rpc: RPC<Request, Response>,
        _ request: Request,
        revision: Int64,
        isTimeless: Bool,
        _ linearize: (inout Request) -> RPC<Request, Response>
    ) async throws -> Response {
        let deadline = ContinuousClock.now + self.requestTimeout.clamped
        let seen = self.core.identity.position.revision
        do {
            let response = try await self.perform(rpc, request, isRepeatable: true)
            guard !isTimeless, let header = response.header, header.revision < seen else {
                return response
            }
        } catch let error as EtcdError where error.code == .futureRevision && revision <= seen {
            // Another member has it, so this one lags behind.
        }
        var request = request
        let linearized = linearize(&request)
        let timeLeft = max(deadline - .now, .milliseconds(1))
        return try await self.withRequestTimeout(timeLeft).perform(
            linearized,
            request,
            isRepeatable: true
        )
    }
}

extension RequestOp {
    fileprivate var revision: Int64 {
        if case .range(let range) = self.request { range.revision } else { 0 }
    }

    fileprivate mutating func linearize() {
        guard case .range(var range) = self.request else { return }
        range.serializable = false
        self.request = .range(range)
    }
}
