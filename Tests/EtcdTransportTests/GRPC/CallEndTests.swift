// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Deadlines and cancellation of unary calls.
@Suite(.timeLimit(.minutes(5)))
struct CallEndTests {
    @Test func theDeadlineEndsTheCallAndResetsTheStream() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        // A busy machine may not even have sent the request by the first deadlines.
        var patience = Duration.milliseconds(30)
        var failure: CallFailure
        repeat {
            let deadline = ContinuousClock.now + patience
            failure = try await #require(throws: CallFailure.self) {
                try await connection.call(deadline: deadline)
            }
            #expect(failure.isDeadlineExceeded)
            #expect(ContinuousClock.now >= deadline)
            patience *= 2
        } while failure.isProvenUnprocessed
        let (stream, _) = try await server.nextRequest()
        try await server.next(.reset(stream: stream, code: 8))
        #expect(connection.isUsable)
    }

    @Test func aDeadlineInThePastEndsTheCall() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call(deadline: .now - .seconds(1))
        }
        #expect(failure.isDeadlineExceeded)
    }

    @Test func anEarlierDeadlineOvertakesALaterOne() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        async let late = connection.call(deadline: .now + .seconds(600))
        try await server.next(.endOfStream(1))
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call(deadline: .now + .milliseconds(20))
        }
        #expect(failure.isDeadlineExceeded)
        server.perform { $0.session?.answer(1, with: [1]) }
        let answer = try await late
        #expect(answer == [1])
    }

    @Test func cancellingTheTaskResetsTheStream() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        let task = Task { try await connection.call() }
        _ = try await server.nextRequest()
        task.cancel()
        let result = await task.result
        let failure = #expect(throws: CallFailure.self) { try result.get() }
        #expect(failure?.isCancelled == true)
        #expect(failure?.isProvenUnprocessed == false)
        try await server.next(.reset(stream: 1, code: 8))
        #expect(connection.isUsable)
    }

    @Test func aTaskCancelledBeforehandSendsNothing() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.answer(stream, with: [1])
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        for _ in 0..<100 {
            let task = Task {
                unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                return try await connection.call()
            }
            let result = await task.result
            let failure = #expect(throws: CallFailure.self) { try result.get() }
            #expect(failure?.isCancelled == true)
            #expect(failure?.isProvenUnprocessed == true)
        }
        #expect(try await connection.call() == [1])
    }

    @Test func cancellingAtAnyMomentEndsTheCallOnce() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.answer(stream, with: [1])
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        for _ in 0..<500 {
            let task = Task { try await connection.call() }
            task.cancel()
            // Either outcome is right; a second one would be a crash.
            _ = await task.result
        }
        #expect(try await connection.call() == [1])
    }

    @Test func callsBeforeTheConnectionIsReadyAreUnprocessed() async throws {
        let server = try ScriptedServer()
        let connection = try server.makeConnection()
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.connectionFailure != nil)
        #expect(failure.isProvenUnprocessed)
    }
}
