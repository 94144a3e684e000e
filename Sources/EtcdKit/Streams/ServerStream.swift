// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

/// A call with one request and a stream of answers, as a sequence of them.
///
/// The call is made when the iteration asks for the first message, and made again, by the rules for
/// other calls, when it fails before one came. After that a failure ends the iteration: only the
/// caller knows where to go on.
///
/// The server is held back when the consumer is slow. Cancelling the task that iterates, or letting
/// the iterator go, resets the stream at once.
struct ServerStream<Request: WireMessage, Response: WireMessage>: AsyncSequence, Sendable {
    typealias Element = Response
    typealias Failure = any Error

    let core: ClientCore
    let rpc: RPC<Request, Response>
    let request: Request
    let options: ServerStreamOptions

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(reader: ServerStreamReader(self))
    }

    struct AsyncIterator: AsyncIteratorProtocol {
        let reader: ServerStreamReader<Request, Response>

        /// The next message; nil when the server has ended the stream in good order.
        ///
        /// Throws ``EtcdError`` or `CancellationError`, once.
        mutating func next() async throws -> Response? {
            try await self.reader.next()
        }

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> Response? {
            try await self.reader.next()
        }
    }
}

/// How a stream of answers is opened and watched over.
struct ServerStreamOptions: Sendable {
    enum Route: Sendable {
        /// The connection for calls, for what ends by itself.
        case calls
        /// The connection for streams, for what lives as long as the consumer wants.
        case streams
        /// This member, by a connection that calls do not use.
        case member(Endpoint)
    }

    var route: Route

    /// How long opening may take, repetitions included.
    var timeout: Duration

    /// Whether the first message is part of opening.
    ///
    /// Otherwise the first one may take as long as it likes, as where it tells of a change.
    var opensWithMessage = true

    /// Whether an opening that takes too long speaks against the connection.
    ///
    /// Not where the server answers only when the caller's turn has come.
    var silenceIsSuspicious = true

    /// How long a consumer waits for one further message; nil: for ever.
    var silenceLimit: Duration?
}

extension ClientCore {
    /// A call with a stream of answers; nothing is sent before the iteration begins.
    func serverStream<Request, Response>(
        _ rpc: RPC<Request, Response>,
        _ request: Request,
        _ options: ServerStreamOptions
    ) -> ServerStream<Request, Response> {
        ServerStream(core: self, rpc: rpc, request: request, options: options)
    }
}
