// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Peers that break the rules of HTTP/2 while calls are running.
@Suite(.timeLimit(.minutes(5)))
struct HostilePeerTests {
    /// How a running call ends when the server sends these bytes.
    private func failure(
        after bytes: [UInt8],
        hangingUp: Bool = false
    ) async throws -> CallFailure? {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform {
            $0.sendBelow(bytes)
            if hangingUp {
                $0.close()
            }
        }
        let failure = try await call.end()
        try await server.next(.disconnected)
        return failure
    }

    @Test func garbageEndsTheConnection() async throws {
        let failure = try await failure(after: [UInt8](repeating: 0xFF, count: 64))
        guard case .protocolViolation = failure?.connectionFailure else {
            Issue.record("unexpected: \(String(describing: failure))")
            return
        }
        #expect(failure?.isProvenUnprocessed == false)
    }

    @Test func damagedHeadersEndTheConnection() async throws {
        // An index far outside of HPACK's tables.
        let failure = try await failure(
            after: frame(type: 1, flags: 4, stream: 1, [0xFF, 0xFF, 0xFF, 0x7F])
        )
        guard case .protocolViolation = failure?.connectionFailure else {
            Issue.record("unexpected: \(String(describing: failure))")
            return
        }
    }

    @Test func endlessHeadersAreNotCollected() async throws {
        // HEADERS that go on and on in CONTINUATION frames: 100 MB, if anybody listened.
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var call = connection.open()
        _ = try await server.nextRequest()
        let field = [0x00, 1, UInt8(ascii: "a"), 0x7F, 0x81, 0x7E]
        let headers = field + [UInt8](repeating: UInt8(ascii: "b"), count: 16_257 - 1)
        let start = frame(type: 1, stream: 1, [0x88])
        let more = frame(type: 9, stream: 1, Array(headers.prefix(16_000)))
        server.perform {
            $0.sendBelow(start)
            for _ in 0..<64 {
                $0.sendBelow(more)
            }
        }
        let failure = try await call.end()
        #expect(failure != nil)
        connection.close()
    }

    @Test func pushedStreamsEndTheConnection() async throws {
        let failure = try await failure(
            after: frame(type: 5, flags: 4, stream: 1, [0, 0, 0, 2, 0x88])
        )
        guard case .protocolViolation = failure?.connectionFailure else {
            Issue.record("unexpected: \(String(describing: failure))")
            return
        }
    }

    @Test func framesForStreamsThatNeverWereEndTheConnection() async throws {
        let failure = try await failure(after: frame(type: 0, stream: 99, [1, 2, 3]))
        guard case .protocolViolation = failure?.connectionFailure else {
            Issue.record("unexpected: \(String(describing: failure))")
            return
        }
    }

    @Test func dataBeforeHeadersEndsTheCall() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        let bytes = frame(type: 0, stream: 1, ScriptedSession.framed([1]))
        server.perform { $0.sendBelow(bytes) }
        #expect(try await call.end() != nil)
    }

    @Test func hangingUpWithinAFrameEndsTheCalls() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform {
            $0.sendBelow([0, 0, 100, 0xFA, 0, 0, 0, 0, 0, 1, 2])
            $0.close()
        }
        let failure = try #require(try await call.end())
        #expect(failure.connectionFailure == .closedByPeer(phase: "in use"))
    }

    @Test func unknownFramesAndSettingsAreSkipped() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        async let answer = connection.call()
        try await server.next(.endOfStream(1))
        let unknown =
            frame(type: 0xFA, [1, 2, 3]) + frame(type: 4, [0xFA, 0xCE, 0, 0, 0, 1])
        server.perform {
            $0.sendBelow(unknown)
            $0.session?.answer(1, with: [1])
        }
        let message = try await answer
        #expect(message == [1])
    }

    @Test func pingsAreAnswered() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        server.perform { $0.session?.ping() }
        try await server.next(.pingAcknowledged)
    }
}
