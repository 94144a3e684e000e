// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch
import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct KeepAliveTests {
    @Test func silenceWhileCallsRunIsAnsweredWithPings() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect {
            $0.keepAliveInterval = .milliseconds(20)
            $0.keepAliveTimeout = .seconds(2)
        }
        defer { connection.close() }
        let call = connection.open()
        try await server.next(.ping)
        try await server.next(.ping)
        #expect(connection.isUsable)
        call.stream.cancel()
    }

    @Test func idleConnectionsSendNoPings() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect {
            $0.keepAliveInterval = .milliseconds(5)
            $0.keepAliveTimeout = .milliseconds(5)
        }
        defer { connection.close() }
        try await Task.sleep(for: .milliseconds(100))
        #expect(!server.pendingEvents.contains(.ping))
        #expect(connection.isUsable)
    }

    @Test func peersThatDoNotAnswerAreLeft() async throws {
        // Stops listening once the first request is there.
        let server = try ScriptedServer { event, link in
            if case .request = event {
                link.stopsReading = true
            }
        }
        let connection = try await server.connect {
            $0.keepAliveInterval = .milliseconds(20)
            $0.keepAliveTimeout = .milliseconds(20)
        }
        var call = connection.open()
        let failure = try #require(try await call.end())
        #expect(failure.connectionFailure == .keepAliveTimeout)
        #expect(!failure.isProvenUnprocessed)
        #expect(!connection.isUsable)
    }

    @Test func answersThatWaitToBeReadCountAfterTheLoopStoodStill() async throws {
        let server = try ScriptedServer()
        let loop = EventLoop(name: "test-loop")
        defer { loop.stop() }
        let connection = try server.makeConnection(loop: loop)
        try await connection.connect()
        defer { connection.close() }
        let deadline = ContinuousClock.now + .seconds(2)
        async let answer = connection.call([1], deadline: deadline)
        try await server.next(.endOfStream(1))

        let end = DispatchSemaphore(value: 0)
        loop.execute { end.wait() }
        server.perform { $0.session?.answer(1, with: [9]) }
        try await Task.sleep(until: deadline + .milliseconds(200), clock: .continuous)
        end.signal()
        let bytes = try await answer
        #expect(bytes == [9])
    }
}
