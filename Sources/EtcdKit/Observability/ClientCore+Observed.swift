// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import EtcdTransport

extension ClientCore {
    /// Makes a call that has one request and one answer, and tells those who observe the client.
    ///
    /// A call that fails is repeated until the timeout if that is safe: always when it is
    /// repeatable, otherwise only if it is proven that it was not executed.
    ///
    /// - Parameters:
    ///   - rpc: the method.
    ///   - request: the request.
    ///   - timeout: how long it may take, repetitions included.
    ///   - isRepeatable: whether executing it twice does the same as once; nil: as the method says.
    ///   - endpoint: the only member that may get the call; nil: any.
    /// - Returns: the answer.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    func perform<Request: WireMessage, Response: WireMessage>(
        _ rpc: RPC<Request, Response>,
        _ request: Request,
        timeout: Duration,
        isRepeatable: Bool? = nil,
        at endpoint: Endpoint? = nil
    ) async throws -> Response {
        let observation = self.observation(of: rpc.method)
        do {
            let response = try await self.makeCall(
                rpc,
                request,
                timeout: timeout,
                isRepeatable: isRepeatable,
                at: endpoint,
                observation
            )
            observation?.end()
            return response
        } catch {
            observation?.end(error)
            throw error
        }
    }
}
