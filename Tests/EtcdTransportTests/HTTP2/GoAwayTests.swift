// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct GoAwayTests {
    @Test func callsUpToTheLastOneEndInOrderAndTheRestWereNotProcessed() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        async let first = connection.call([1])
        try await server.next(.endOfStream(1))
        let second = Task { try await connection.call([2]) }
        try await server.next(.endOfStream(3))
        server.perform { $0.session?.goAway(lastStream: 1) }
        let outcome = await second.result
        let failure = #expect(throws: CallFailure.self) { try outcome.get() }
        #expect(failure?.isProvenUnprocessed == true)
        #expect(!connection.isUsable)
        server.perform { $0.session?.answer(1, with: [9]) }
        let answer = try await first
        #expect(answer == [9])
        try await server.next(.disconnected)
    }

    @Test func newCallsAreRefusedUnsent() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var running = connection.open()
        _ = try await server.nextRequest()
        server.perform { $0.session?.goAway(lastStream: 1, code: 0, message: "moving") }
        while connection.isUsable {
            await Task.yield()
        }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.connectionFailure == .goAway(code: 0, message: "moving"))
        #expect(failure.isProvenUnprocessed)
        running.stream.cancel()
        _ = try await running.end()
    }

    @Test func anIdleConnectionClosesAndSaysWhy() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        let (failures, continuation) = AsyncStream.makeStream(of: ConnectionFailure.self)
        await connection.onClose { continuation.yield($0) }
        server.perform { $0.session?.goAway(lastStream: 0, code: 11, message: "too_many_pings") }
        let failure = await failures.first { _ in true }
        #expect(failure == .goAway(code: 11, message: "too_many_pings"))
        #expect(failure?.description.contains("too_many_pings") == true)
        try await server.next(.disconnected)
    }

    @Test func goingAwayAndHangingUpAtOnceStillTellsWhichCallsWereProcessed() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var first = connection.open()
        var second = connection.open()
        _ = try await server.nextRequest()
        _ = try await server.nextRequest()
        server.perform {
            $0.session?.goAway(lastStream: 1, code: 2, message: "crash")
            $0.close()
        }
        let (processed, unprocessed) = (try await first.end(), try await second.end())
        #expect(processed?.isProvenUnprocessed == false)
        #expect(processed?.connectionFailure == .goAway(code: 2, message: "crash"))
        #expect(unprocessed?.isProvenUnprocessed == true)
    }

    @Test func goingAwayAndCrashingStillTellsWhichCallsWereProcessed() async throws {
        let server = try ScriptedServer { event, link in
            if case .request(3, _) = event {
                link.session?.goAway(lastStream: 1, code: 2, message: "crash")
                // The client goes on writing to whom does not listen, and is reset.
                link.stopsReading = true
                link.close()
            }
        }
        let connection = try await server.connect()
        var first = connection.open()
        var second = connection.open()
        for _ in 0..<64 {
            first.send([UInt8](repeating: 0, count: 64 << 10))
        }
        let (processed, unprocessed) = (try await first.end(), try await second.end())
        #expect(processed?.isProvenUnprocessed == false)
        #expect(unprocessed?.isProvenUnprocessed == true)
    }

    @Test func callsThatWaitForAPlaceAreLetGoAtOnce() async throws {
        let server = try ScriptedServer(.init(.http2(.init(maximumConcurrentStreams: 1))))
        let connection = try await server.connect()
        defer { connection.close() }
        var running = connection.open()
        _ = try await server.nextRequest()
        var waiting = connection.open()
        server.perform { $0.session?.goAway(lastStream: 1) }
        // The running one may run for hours.
        let failure = try #require(try await waiting.end())
        #expect(failure.isProvenUnprocessed)
        #expect(failure.connectionFailure == .goAway(code: 0, message: ""))
        server.perform {
            $0.session?.sendAnswerHeaders(on: 1)
            $0.session?.sendMessage([1], on: 1)
        }
        try await running.expectOpened()
        #expect(try await running.message() == [1])
    }

    @Test func aGracefulCloseLetsCallsEnd() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        async let answer = connection.call([1])
        try await server.next(.endOfStream(1))
        await connection.closeGracefully()
        #expect(!connection.isUsable)
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.isProvenUnprocessed)
        server.perform { $0.session?.answer(1, with: [5]) }
        let message = try await answer
        #expect(message == [5])
        try await server.next(.goAway(code: 0))
        try await server.next(.disconnected)
    }

    @Test func closingFailsAllCallsAtOnce() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        var call = connection.open()
        _ = try await server.nextRequest()
        connection.close()
        connection.close()
        let failure = try #require(try await call.end())
        #expect(failure.connectionFailure == .closedLocally)
        #expect(!failure.isProvenUnprocessed)
        try await server.next(.disconnected)
    }
}
