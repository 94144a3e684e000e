// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct StreamResetTests {
    // NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, STREAM_CLOSED, CANCEL, ENHANCE_YOUR_CALM
    @Test(arguments: [UInt32(1), 2, 5, 8, 11, 4711])
    func resetsEndTheCallWithTheirCode(code: UInt32) async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.reset(stream, code: code)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.resetCode == code)
        #expect(!failure.isProvenUnprocessed)
        #expect(connection.isUsable)
    }

    @Test func refusedStreamsWereNotProcessed() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.reset(stream, code: 7)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.resetCode == 7)
        #expect(failure.isProvenUnprocessed)
    }

    @Test func resetWithoutErrorAndWithoutStatusIsNoSuccess() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.reset(stream, code: 0)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.malformation == "the stream ended without a gRPC status")
    }

    @Test func resetAfterHeadersEndsTheStream() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform {
            $0.session?.sendAnswerHeaders(on: 1)
            $0.session?.sendMessage([1], on: 1)
            $0.session?.settleOrder()
            $0.session?.reset(1, code: 2)
        }
        try await call.expectOpened()
        #expect(try await call.message() == [1])
        #expect(try await call.end()?.resetCode == 2)
    }

    @Test func theOthersLiveOn() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var doomed = connection.open()
        var healthy = connection.open()
        _ = try await server.nextRequest()
        _ = try await server.nextRequest()
        server.perform {
            $0.session?.reset(1, code: 2)
            $0.session?.sendAnswerHeaders(on: 3)
            $0.session?.sendMessage([3], on: 3)
        }
        #expect(try await doomed.end()?.resetCode == 2)
        try await healthy.expectOpened()
        #expect(try await healthy.message() == [3])
    }
}
