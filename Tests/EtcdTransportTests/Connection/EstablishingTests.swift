// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Every reason for which a connection does not come about, and what it is called.
@Suite(.timeLimit(.minutes(5)))
struct EstablishingTests {
    private func failure(
        connectingTo server: ScriptedServer,
        host: String = "127.0.0.1",
        tls: TLSConfiguration? = nil,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ configure: (inout ConnectionConfiguration) -> Void = { _ in }
    ) async throws -> ConnectionFailure {
        let connection = try server.makeConnection(host: host, tls: tls, configure)
        let failure = try await #require(
            throws: ConnectionFailure.self,
            sourceLocation: sourceLocation
        ) {
            try await connection.connect()
        }
        #expect(!connection.isUsable, sourceLocation: sourceLocation)
        // The outcome stays.
        await #expect(throws: failure, sourceLocation: sourceLocation) {
            try await connection.connect()
        }
        return failure
    }

    @Test func nobodyListens() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        server.stop()
        let (failures, continuation) = AsyncStream.makeStream(of: ConnectionFailure.self)
        await connection.onClose { continuation.yield($0) }
        _ = await failures.first { _ in true }
        // The listening socket goes right after the last connection.
        while (try? await server.connect()) != nil {}
        #expect(try await failure(connectingTo: server) == .refused)
    }

    @Test func theNameHasNoAddress() async throws {
        let server = try ScriptedServer()
        let failure = try await failure(connectingTo: server, host: "nowhere.invalid")
        guard case .nameResolution(host: "nowhere.invalid", _) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
    }

    @Test func namesAreResolved() async throws {
        let server = try ScriptedServer()
        // ::1 comes first on most machines, where nobody listens.
        let connection = try await server.connect(host: "localhost")
        #expect(connection.isUsable)
        connection.close()
    }

    @Test func connectingTwiceIsConnectingOnce() async throws {
        let server = try ScriptedServer()
        let connection = try server.makeConnection()
        async let first: Void = connection.connect()
        async let second: Void = connection.connect()
        _ = try await (first, second)
        try await connection.connect()
        connection.close()
        try await server.next(.disconnected)
        let connections = server.pendingEvents.filter { $0 == .connected }
        #expect(connections.count == 1)
    }

    @Test func webServersAreRecognised() async throws {
        let server = try ScriptedServer(
            .init(.answer(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), hangsUp: true))
        )
        let failure = try await failure(connectingTo: server)
        guard case .notHTTP2(let hint) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(hint.contains("HTTP/1.1 400 Bad Request"))
    }

    @Test(arguments: [
        Array("220 mail.example.org ESMTP\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8),
        [UInt8](repeating: 0xFF, count: 100), [UInt8](repeating: 0, count: 100),
    ])
    func otherServersAreRecognised(greeting: [UInt8]) async throws {
        let server = try ScriptedServer(.init(.greeting(greeting, hangsUp: false)))
        let failure = try await failure(connectingTo: server)
        guard case .notHTTP2 = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
    }

    @Test func plainClientsAtATLSPortAreTold() async throws {
        let authority = try TestIdentity.authority()
        let server = try ScriptedServer(.init(identity: authority.issueServer()))
        let failure = try await failure(connectingTo: server)
        switch failure {
        case .notHTTP2(let hint), .closedByPeer(let hint):
            #expect(hint.contains("https://"))
        default:
            Issue.record("unexpected: \(failure)")
        }
    }

    @Test func tlsClientsAtAPlainPortAreTold() async throws {
        let server = try ScriptedServer()
        let failure = try await failure(connectingTo: server, tls: TLSConfiguration())
        #expect(failure == .tls(.notTLS))
    }

    @Test func tlsClientsAtAWebServersPlainPortAreTold() async throws {
        let server = try ScriptedServer(
            .init(.answer(Array("HTTP/1.0 400 Bad Request\r\n\r\n".utf8), hangsUp: true))
        )
        let failure = try await failure(connectingTo: server, tls: TLSConfiguration())
        #expect(failure == .tls(.notTLS))
    }

    @Test func hangingUpAtOnceIsReportedWithThePhase() async throws {
        let server = try ScriptedServer(.init(.answer([], hangsUp: true)))
        let plain = try await failure(connectingTo: server)
        guard case .closedByPeer(let phase) = plain else {
            Issue.record("unexpected: \(plain)")
            return
        }
        #expect(phase.contains("HTTP/2 settings"))
        let secure = try await failure(connectingTo: server, tls: TLSConfiguration())
        guard case .closedByPeer(let securePhase) = secure else {
            Issue.record("unexpected: \(secure)")
            return
        }
        #expect(securePhase.hasPrefix("in the TLS handshake"))
        #expect(securePhase.contains("http://"))
    }

    /// The phase in which connecting times out, when there was time enough to get there.
    private func phaseOfTimeout(
        connectingTo server: ScriptedServer,
        tls: TLSConfiguration? = nil
    ) async throws -> String? {
        var patience = Duration.milliseconds(50)
        while true {
            let failure = try await failure(connectingTo: server, tls: tls) {
                $0.connectTimeout = patience
            }
            guard case .timedOut(let phase) = failure else {
                Issue.record("unexpected: \(failure)")
                return nil
            }
            // A busy machine may not have come this far.
            guard phase == "connecting" || phase == "resolving the name" else {
                return phase
            }
            patience *= 2
        }
    }

    @Test func serversThatSayNothingTimeOutInTheirPhase() async throws {
        let server = try ScriptedServer(.init(.greeting([], hangsUp: false)))
        let plain = try await phaseOfTimeout(connectingTo: server)
        #expect(plain == "waiting for the server's HTTP/2 settings")
        let secure = try await phaseOfTimeout(connectingTo: server, tls: TLSConfiguration())
        #expect(secure == "in the TLS handshake")
    }

    @Test func serversThatStopInAFrameTimeOut() async throws {
        // Half of a SETTINGS frame's header.
        let server = try ScriptedServer(.init(.greeting([0, 0, 0, 4], hangsUp: false)))
        let phase = try await phaseOfTimeout(connectingTo: server)
        #expect(phase == "waiting for the server's HTTP/2 settings")
    }

    @Test func serversThatHangInTheTLSHandshakeTimeOut() async throws {
        // The header of a handshake record, without the record.
        let server = try ScriptedServer(.init(.greeting([22, 3, 3, 1, 0], hangsUp: false)))
        let phase = try await phaseOfTimeout(connectingTo: server, tls: TLSConfiguration())
        #expect(phase == "in the TLS handshake")
    }

    @Test func closingEndsConnecting() async throws {
        let server = try ScriptedServer(.init(.greeting([], hangsUp: false)))
        let connection = try server.makeConnection()
        let task = Task { try await connection.connect() }
        try await server.next(.connected)
        connection.close()
        let result = await task.result
        #expect(throws: ConnectionFailure.closedLocally) { try result.get() }
    }
}
