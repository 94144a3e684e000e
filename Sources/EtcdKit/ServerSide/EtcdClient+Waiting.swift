// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// Makes a call that the server answers when the caller's turn has come.
    ///
    /// It goes over the connection for streams, as it may last for days. Cancelling the task resets
    /// it at once, and the server then gives up the caller's place.
    ///
    /// - Parameters:
    ///   - rpc: The method.
    ///   - request: The request, with the keys as the user names them.
    ///   - timeout: How long it may take; nil: for ever, once the server is reached within the
    ///     request timeout.
    /// - Returns: The answer, with the keys as the user names them.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    func wait<Request: KeyedRequest, Response: KeyedResponse>(
        _ rpc: RPC<Request, Response>,
        _ request: Request,
        timeout: Duration?
    ) async throws -> Response {
        if let timeout, timeout <= .zero {
            throw EtcdError(
                code: .invalidArgument,
                message: "the timeout is not more than zero; leave it out to wait without limit"
            )
        }
        var request = request
        if let namespace = self.keyNamespace { request.enter(namespace) }
        // On the wire one answer looks like a stream of one.
        let answers = self.core.serverStream(
            rpc,
            request,
            ServerStreamOptions(
                route: .streams,
                timeout: timeout ?? self.requestTimeout,
                opensWithMessage: timeout != nil,
                silenceIsSuspicious: false
            )
        )
        var iterator = answers.makeAsyncIterator()
        guard var response = try await iterator.next() else {
            throw EtcdError(code: .malformedResponse, message: "the server answered nothing")
        }
        iterator.reader.finish()
        if let namespace = self.keyNamespace { try response.leave(namespace) }
        return response
    }

    /// A lease that the server is to hang a place on.
    static func check(serviceLease lease: EtcdLeaseID) throws(EtcdError) -> Int64 {
        guard lease.rawValue != 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "0 is not the ID of a lease: the server would make one of its own, which "
                    + "nobody renews and which ends after 60 seconds; open a lease session, or ask "
                    + "for the server's lease by name"
            )
        }
        return lease.rawValue
    }

    static func check(serviceName name: EtcdBytes) throws(EtcdError) -> [UInt8] {
        guard !name.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "the name is empty")
        }
        return name.bytes
    }
}
