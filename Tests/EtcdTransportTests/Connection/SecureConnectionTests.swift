// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Calls over TLS, on real sockets.
@Suite(.timeLimit(.minutes(5)))
struct SecureConnectionTests {
    let authority: TestIdentity
    let client: TLSConfiguration

    init() throws {
        authority = try .authority()
        let identity = try authority.issueClient("unit")
        client = TLSConfiguration(
            certificateAuthorities: .pem(Array(authority.certificate.utf8)),
            certificateChain: .pem(Array(identity.certificate.utf8)),
            privateKey: .pem(Array(identity.key.utf8))
        )
    }

    private func server(
        _ versions: ClosedRange<TLSServerPeer.Options.Version> = .tls1_3 ... .tls1_3,
        trusting authorities: [TestIdentity]? = nil,
        chunk: Int = .max,
        reaction: ScriptedServer.Reaction? = nil
    ) throws -> ScriptedServer {
        try ScriptedServer(
            .init(
                identity: authority.issueServer(),
                tls: .init(versions: versions, clientAuthorities: authorities ?? [authority]),
                chunk: chunk
            ),
            reaction: reaction
        )
    }

    private static let echo: ScriptedServer.Reaction = { event, link in
        switch event {
        case .request(let stream, _): link.session?.sendAnswerHeaders(on: stream)
        case .data(let stream, let bytes): link.session?.sendData(bytes, on: stream)
        case .endOfStream(let stream): link.session?.sendStatus(on: stream)
        default: break
        }
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func callsWorkOverMutualTLS(version: TLSServerPeer.Options.Version) async throws {
        let server = try server(version...version, reaction: Self.echo)
        let connection = try await server.connect(tls: client)
        defer { connection.close() }
        #expect(try await connection.call([1, 2]) == [1, 2])
        let large = [UInt8](repeating: 9, count: 3 << 20)
        #expect(try await connection.call(large) == large)
    }

    @Test func handshakeAndAnswersSurviveArrivingByteByByte() async throws {
        let server = try server(chunk: 1, reaction: Self.echo)
        let connection = try await server.connect(tls: client)
        defer { connection.close() }
        #expect(try await connection.call([1, 2]) == [1, 2])
    }

    @Test func namesAreVerified() async throws {
        let server = try server(reaction: Self.echo)
        let connection = try await server.connect(host: "localhost", tls: client)
        connection.close()
        let other = try server.makeConnection(tls: client) {
            $0.serverNameOverride = "etcd.example.org"
        }
        await #expect(
            throws: ConnectionFailure.tls(
                .hostNameMismatch(
                    expected: "etcd.example.org",
                    presented: ["localhost", "127.0.0.1", "::1"]
                )
            )
        ) {
            try await other.connect()
        }
    }

    @Test func eachEndpointIsVerifiedByItsOwnName() async throws {
        let named = try authority.issueServer(dnsNames: ["localhost"], ipAddresses: [])
        let numbered = try authority.issueServer(dnsNames: [], ipAddresses: ["127.0.0.1"])
        var configuration = ConnectionConfiguration(logger: LogCapture().logger)
        configuration.tls = try TLSContext(client)
        for (identity, good, bad) in [
            (named, "localhost", "127.0.0.1"), (numbered, "127.0.0.1", "localhost"),
        ] {
            let server = try ScriptedServer(.init(identity: identity), reaction: Self.echo)
            func connection(_ host: String) throws -> Connection {
                try Connection(
                    endpoint: Endpoint(parsing: "\(host):\(server.port)", tlsByDefault: true),
                    configuration: configuration,
                    loop: .shared
                )
            }
            let connected = try connection(good)
            try await connected.connect()
            connected.close()
            let refused = try connection(bad)
            await #expect(
                throws: ConnectionFailure.tls(
                    .hostNameMismatch(expected: bad, presented: [good])
                )
            ) {
                try await refused.connect()
            }
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func theNameMayBeGivenApartFromTheEndpoint(name: String) async throws {
        let server = try server(reaction: Self.echo)
        let connection = try await server.connect(host: "127.0.0.1", tls: client) {
            $0.serverNameOverride = name
        }
        connection.close()
    }

    @Test func strangersAreNotTrusted() async throws {
        let server = try server()
        let other = try TestIdentity.authority("other")
        let connection = try server.makeConnection(
            tls: TLSConfiguration(
                certificateAuthorities: .pem(Array(other.certificate.utf8))
            )
        )
        let failure = try await #require(throws: ConnectionFailure.self) {
            try await connection.connect()
        }
        guard case .tls(.certificateUntrusted) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func rejectedClientCertificatesFailConnecting(
        version: TLSServerPeer.Options.Version
    ) async throws {
        let server = try server(version...version, trusting: [.authority("other")])
        let connection = try server.makeConnection(tls: client)
        await #expect(throws: ConnectionFailure.tls(.peerAlert(.unknownAuthority))) {
            try await connection.connect()
        }
    }

    @Test func serversWithoutHTTP2AreRecognised() async throws {
        let server = try ScriptedServer(
            .init(identity: authority.issueServer(), tls: .init(protocols: .http1))
        )
        let connection = try server.makeConnection(tls: client)
        await #expect(throws: ConnectionFailure.tls(.noALPN)) {
            try await connection.connect()
        }
    }

    @Test func theGoodbyeOfTheServerEndsTheConnection() async throws {
        let server = try server()
        let connection = try await server.connect(tls: client)
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform { $0.close() }
        let failure = try #require(try await call.end())
        #expect(failure.connectionFailure == .closedByPeer(phase: "in use"))
    }

    @Test func whatComesWithTheGoodbyeCounts() async throws {
        let server = try server()
        let connection = try await server.connect(tls: client)
        var first = connection.open()
        var second = connection.open()
        _ = try await server.nextRequest()
        _ = try await server.nextRequest()
        server.perform {
            $0.session?.goAway(lastStream: 1, code: 2, message: "crash")
            $0.close()
        }
        let (processed, unprocessed) = (try await first.end(), try await second.end())
        #expect(processed?.connectionFailure == .goAway(code: 2, message: "crash"))
        #expect(unprocessed?.isProvenUnprocessed == true)
    }

    @Test func closingSaysGoodbye() async throws {
        let server = try server()
        let connection = try await server.connect(tls: client)
        try await server.next(.settings)
        connection.close()
        try await server.next(.goAway(code: 0))
        try await server.next(.disconnected)
    }

    @Test func damagedRecordsEndTheConnection() async throws {
        let server = try server()
        let connection = try await server.connect(tls: client)
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform { $0.sendBelow([23, 3, 3, 0, 32] + [UInt8](repeating: 0, count: 32)) }
        let failure = try #require(try await call.end())
        guard case .tls = failure.connectionFailure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        try await server.next(.disconnected)
    }
}
