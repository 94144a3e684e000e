// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Answers of servers that do not speak gRPC, or speak it badly.
@Suite(.timeLimit(.minutes(5)))
struct MalformedAnswerTests {
    /// The failure of a unary call that is answered like this.
    private func failure(
        _ answer: @escaping @Sendable (ScriptedSession, Int32) -> Void
    ) async throws -> CallFailure {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event, let session = link.session {
                answer(session, stream)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        return try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
    }

    @Test func otherHTTPStatusIsReported() async throws {
        let failure = try await failure { session, stream in
            session.sendHeaders(
                [ScriptedHeader(":status", "503"), ScriptedHeader("content-type", "text/html")],
                on: stream
            )
            session.sendData(Array("<html>".utf8), on: stream, endsStream: true)
        }
        #expect(failure.malformation == "HTTP status 503, content type text/html")
    }

    @Test func otherHTTPStatusWithoutBodyIsReported() async throws {
        let failure = try await failure { session, stream in
            session.sendHeaders([ScriptedHeader(":status", "404")], on: stream, endsStream: true)
        }
        #expect(failure.malformation == "HTTP status 404, no content type")
    }

    @Test func otherContentTypeIsReported() async throws {
        let failure = try await failure { session, stream in
            session.sendHeaders(
                [ScriptedHeader(":status", "200"), ScriptedHeader("content-type", "text/plain")],
                on: stream
            )
            session.sendData(Array("ok".utf8), on: stream, endsStream: true)
        }
        #expect(failure.malformation == "HTTP status 200, content type text/plain")
    }

    @Test func streamWithoutStatusIsReported() async throws {
        let failure = try await failure { session, stream in
            session.sendAnswerHeaders(on: stream)
            session.sendData(ScriptedSession.framed([1]), on: stream, endsStream: true)
        }
        #expect(failure.malformation == "the stream ended without a gRPC status")
        #expect(!failure.isProvenUnprocessed)
    }

    @Test func streamThatEndsWithinAMessageIsReported() async throws {
        let failure = try await failure { session, stream in
            session.sendAnswerHeaders(on: stream)
            session.sendData([0, 0, 0, 0, 9, 1], on: stream)
            session.sendStatus(on: stream)
        }
        #expect(failure.malformation == "the stream ended within a message")
    }

    @Test func successWithoutMessageIsReported() async throws {
        let failure = try await failure { session, stream in
            session.sendAnswerHeaders(on: stream)
            session.sendStatus(on: stream)
        }
        #expect(failure.malformation == "no message for a unary call")
    }

    @Test func twoMessagesForAUnaryCallAreReported() async throws {
        let failure = try await failure { session, stream in
            session.sendAnswerHeaders(on: stream)
            session.sendData(
                ScriptedSession.framed([1]) + ScriptedSession.framed([2]),
                on: stream
            )
            session.sendStatus(on: stream)
        }
        #expect(failure.malformation == "more than one message for a unary call")
    }

    @Test func compressedMessagesAreReported() async throws {
        let failure = try await failure { session, stream in
            session.sendAnswerHeaders(on: stream)
            session.sendData([1, 0, 0, 0, 1, 0], on: stream)
        }
        #expect(failure.malformation?.contains("compressed") == true)
    }

    @Test func interimHeadersAreSkipped() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        async let answer = connection.call()
        try await server.next(.endOfStream(1))
        server.perform { link in
            // HEADERS with END_HEADERS on stream 1: literal ":status: 103" (RFC 7541, 6.2.2).
            link.session?.sendRaw([0, 0, 5, 1, 4, 0, 0, 0, 1, 8, 3] + Array("103".utf8))
            link.session?.answer(1, with: [5])
        }
        let message = try await answer
        #expect(message == [5])
    }
}
