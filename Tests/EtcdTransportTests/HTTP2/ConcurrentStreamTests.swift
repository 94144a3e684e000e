// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct ConcurrentStreamTests {
    private func connectedPair(limit: UInt32) async throws -> (ScriptedServer, Connection) {
        let server = try ScriptedServer(.init(.http2(.init(maximumConcurrentStreams: limit))))
        return (server, try await server.connect())
    }

    @Test func callsOverTheLimitWaitForAPlace() async throws {
        let (server, connection) = try await connectedPair(limit: 2)
        defer { connection.close() }
        let answers = AnswerLog()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in UInt8(0)..<5 {
                group.addTask { await answers.add(try await connection.call([number])) }
            }
            var open: [Int32] = []
            for _ in 0..<2 {
                open.append(try await server.nextRequest().stream)
            }
            server.perform { $0.session?.ping() }
            try await server.next(.pingAcknowledged)
            let hasMore = server.pendingEvents.contains {
                if case .request = $0 { true } else { false }
            }
            #expect(!hasMore)
            for _ in 0..<3 {
                let done = open.removeFirst()
                server.perform { $0.session?.answer(done, with: [1]) }
                open.append(try await server.nextRequest().stream)
            }
            for stream in open {
                server.perform { $0.session?.answer(stream, with: [1]) }
            }
            try await group.waitForAll()
        }
        #expect(await answers.count == 5)
    }

    @Test func aHigherLimitLetsThemGo() async throws {
        let (server, connection) = try await connectedPair(limit: 1)
        defer { connection.close() }
        var first = connection.open()
        var second = connection.open()
        _ = try await server.nextRequest()
        server.perform { $0.session?.setMaximumConcurrentStreams(2) }
        _ = try await server.nextRequest()
        first.stream.cancel()
        second.stream.cancel()
        #expect(try await first.end()?.isCancelled == true)
        #expect(try await second.end()?.isCancelled == true)
    }

    @Test func callsThatWaitCanBeCancelledUnsent() async throws {
        let (server, connection) = try await connectedPair(limit: 1)
        defer { connection.close() }
        var running = connection.open()
        _ = try await server.nextRequest()
        let waiting = Task { try await connection.call([1]) }
        var another = connection.open()
        waiting.cancel()
        let result = await waiting.result
        let failure = #expect(throws: CallFailure.self) { try result.get() }
        #expect(failure?.isCancelled == true)
        #expect(failure?.isProvenUnprocessed == true)
        // Its place is not lost for those behind it.
        running.stream.cancel()
        _ = try await running.end()
        let (stream, _) = try await server.nextRequest()
        server.perform { $0.session?.sendAnswerHeaders(on: stream) }
        try await another.expectOpened()
    }

    @Test func callsThatWaitHaveTheirDeadline() async throws {
        let (server, connection) = try await connectedPair(limit: 1)
        defer { connection.close() }
        let running = connection.open()
        _ = try await server.nextRequest()
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call(deadline: .now + .milliseconds(20))
        }
        #expect(failure.isDeadlineExceeded)
        #expect(failure.isProvenUnprocessed)
        running.stream.cancel()
    }
}

/// Collects answers of concurrent calls.
actor AnswerLog {
    private(set) var answers: [[UInt8]] = []

    var count: Int { answers.count }

    func add(_ answer: [UInt8]) {
        answers.append(answer)
    }
}
