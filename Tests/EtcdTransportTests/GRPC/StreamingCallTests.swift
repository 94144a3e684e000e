// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct StreamingCallTests {
    @Test func theServerStreamsManyMessages() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        call.send([1])
        call.stream.finishSending()
        try await server.next(.endOfStream(1))
        server.perform { $0.session?.sendAnswerHeaders(on: 1) }
        try await call.expectOpened()
        // Several in one frame, one over several, and an empty one.
        server.perform {
            let first = ScriptedSession.framed([1]) + ScriptedSession.framed([2, 2])
            $0.session?.sendData(first + ScriptedSession.framed([]) + [0, 0], on: 1)
            $0.session?.sendData([0, 0, 3, 3], on: 1)
            $0.session?.sendData([3, 3], on: 1)
        }
        #expect(try await call.message() == [1])
        #expect(try await call.message() == [2, 2])
        #expect(try await call.message() == [])
        #expect(try await call.message() == [3, 3, 3])
        server.perform { $0.session?.sendStatus(on: 1) }
        #expect(try await call.end() == nil)
    }

    @Test func bothSidesTalkInTurns() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform { $0.session?.sendAnswerHeaders(on: 1) }
        try await call.expectOpened()
        for number in UInt8(0)..<20 {
            call.send([number])
            try await server.next(.data(stream: 1, bytes: [0, 0, 0, 0, 1, number]))
            server.perform { $0.session?.sendMessage([number, number], on: 1) }
            #expect(try await call.message() == [number, number])
        }
        call.stream.finishSending()
        try await server.next(.endOfStream(1))
        server.perform { $0.session?.sendStatus(on: 1) }
        #expect(try await call.end() == nil)
    }

    @Test func messagesQueuedBeforeTheStreamIsOpenArriveInOrder() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        let call = connection.open()
        for number in UInt8(0)..<100 {
            call.send([number])
        }
        call.stream.finishSending()
        var bytes: [UInt8] = []
        let expected = (UInt8(0)..<100).flatMap { number -> [UInt8] in [0, 0, 0, 0, 1, number] }
        while bytes.count < expected.count {
            let event = try await server.next {
                if case .data = $0 { true } else { false }
            }
            if case .data(1, let piece) = event {
                bytes += piece
            }
        }
        #expect(bytes == expected)
        try await server.next(.endOfStream(1))
    }

    @Test func theServersRefusalEndsTheStream() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        call.send([1])
        _ = try await server.nextRequest()
        server.perform { $0.session?.refuse(1, code: 16, message: "invalid auth token") }
        let failure = try #require(try await call.end())
        #expect(
            failure.status == GRPCStatus(code: .unauthenticated, message: "invalid auth token")
        )
        // Nothing of it is left open on the server.
        try await server.next(.reset(stream: 1, code: 0))
    }

    @Test func theServerMayEndAStreamThatTheClientHasNotFinished() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform {
            $0.session?.sendAnswerHeaders(on: 1)
            $0.session?.sendMessage([1], on: 1)
            $0.session?.sendStatus(on: 1)
            $0.session?.settleOrder()
            // As Go's server does, which does not want the rest (RFC 9113, 8.1).
            $0.session?.reset(1, code: 0)
        }
        try await call.expectOpened()
        #expect(try await call.message() == [1])
        #expect(try await call.end() == nil)
        call.send([2])
        call.stream.finishSending()
        call.stream.cancel()
        #expect(connection.isUsable)
    }

    @Test func cancellingResetsTheStream() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform { $0.session?.sendAnswerHeaders(on: 1) }
        try await call.expectOpened()
        call.stream.cancel()
        call.stream.cancel()
        let failure = try #require(try await call.end())
        #expect(failure.isCancelled)
        try await server.next(.reset(stream: 1, code: 8))
        #expect(connection.isUsable)
    }

    @Test func nothingComesAfterTheEnd() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform { link in
            link.session?.sendAnswerHeaders(on: 1)
            for number in UInt8(0)..<50 {
                link.session?.sendMessage([number], on: 1)
            }
        }
        try await call.expectOpened()
        call.stream.cancel()
        // Messages that were under way come before the end, none after it.
        var event = try await call.next()
        while case .message = event {
            event = try await call.next()
        }
        guard case .closed = event else {
            Issue.record("unexpected: \(event)")
            return
        }
        connection.close()
    }

    @Test func eachStreamEndsOnceWhenTheConnectionIsLost() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var calls = (0..<3).map { _ in connection.open() }
        for _ in calls {
            _ = try await server.nextRequest()
        }
        server.perform { $0.abort() }
        for index in calls.indices {
            let failure = try #require(try await calls[index].end())
            #expect(failure.connectionFailure == .socket("Connection reset by peer"))
            #expect(!failure.isProvenUnprocessed)
        }
        #expect(!connection.isUsable)
    }
}
