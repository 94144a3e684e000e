// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

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
}
