// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct FlowControlTests {
    private static let answerAtTheEnd: ScriptedServer.Reaction = { event, link in
        if case .endOfStream(let stream) = event {
            link.session?.answer(stream, with: [1])
        }
    }

    @Test func requestsFitThroughASmallWindow() async throws {
        let server = try ScriptedServer(
            .init(.http2(.init(initialWindowSize: 100))),
            reaction: Self.answerAtTheEnd
        )
        let connection = try await server.connect()
        defer { connection.close() }
        #expect(try await connection.call([UInt8](repeating: 3, count: 50_000)) == [1])
    }

    @Test func requestsWaitForAWindowOfZeroToOpen() async throws {
        let server = try ScriptedServer(
            .init(.http2(.init(initialWindowSize: 0, updatesWindows: false))),
            reaction: Self.answerAtTheEnd
        )
        let connection = try await server.connect()
        defer { connection.close() }
        try await server.next(.settingsAcknowledged)
        async let answer = connection.call([1, 2, 3])
        _ = try await server.nextRequest()
        // A round trip later, nothing has been sent.
        server.perform { $0.session?.ping() }
        try await server.next(.pingAcknowledged)
        let hasData = server.pendingEvents.contains { if case .data = $0 { true } else { false } }
        #expect(!hasData)
        server.perform { $0.session?.giveWindow(5, on: 1) }
        try await server.next(.data(stream: 1, bytes: [0, 0, 0, 0, 3]))
        server.perform { $0.session?.setInitialWindowSize(10) }
        try await server.next(.data(stream: 1, bytes: [1, 2, 3]))
        let message = try await answer
        #expect(message == [1])
    }

    @Test func aStalledStreamDoesNotStopTheOthers() async throws {
        let server = try ScriptedServer(
            .init(.http2(.init(initialWindowSize: 1_000, updatesWindows: false))),
            reaction: Self.answerAtTheEnd
        )
        let connection = try await server.connect()
        defer { connection.close() }
        try await server.next(.settingsAcknowledged)
        async let stalled = connection.call([UInt8](repeating: 3, count: 5_000))
        _ = try await server.nextRequest()
        #expect(try await connection.call([1]) == [1])
        server.perform { $0.session?.giveWindow(10_000, on: 1) }
        let message = try await stalled
        #expect(message == [1])
    }

    @Test func answersLargerThanTheWindowArriveWhole() async throws {
        let large = [UInt8](repeating: 7, count: 20 << 20)
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.answer(stream, with: large)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        #expect(try await connection.call().count == large.count)
        #expect(try await connection.call().count == large.count)
    }

    @Test func windowComesBackForWhatCancelledCallsReceive() async throws {
        // More in total than the connection's window: it would run dry.
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.sendAnswerHeaders(on: stream)
                link.session?.sendMessage([UInt8](repeating: 1, count: 3 << 20), on: stream)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        for _ in 0..<12 {
            var call = connection.open()
            call.send([])
            call.stream.finishSending()
            try await call.expectOpened()
            call.stream.cancel()
            var event = try await call.next()
            while case .message = event {
                event = try await call.next()
            }
        }
        var last = connection.open()
        last.send([])
        last.stream.finishSending()
        try await last.expectOpened()
        #expect(try await last.message().count == 3 << 20)
    }

    @Test func manualFlowControlHoldsTheServerBack() async throws {
        let size = 1 << 20
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open(flowControl: .manual)
        _ = try await server.nextRequest()
        server.perform { link in
            link.session?.sendAnswerHeaders(on: 1)
            for number in UInt8(0)..<8 {
                link.session?.sendMessage([UInt8](repeating: number, count: size), on: 1)
            }
        }
        try await call.expectOpened()
        for number in UInt8(0)..<8 {
            let message = try await call.message()
            #expect(message.count == size && message.first == number)
            call.stream.consumed(size + 5)
        }
        server.perform { $0.session?.sendStatus(on: 1) }
        #expect(try await call.end() == nil)
    }
}
