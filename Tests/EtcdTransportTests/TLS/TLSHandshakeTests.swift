// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TLSHandshakeTests {
    let authority: TestIdentity
    let server: TestIdentity

    init() throws {
        authority = try .authority()
        server = try authority.issueServer()
    }

    @Test(arguments: [
        (TLSServerPeer.Options.Version.tls1_2, "TLSv1.2"), (.tls1_3, "TLSv1.3"),
    ])
    func bothVersionsOfTLSAreSpoken(
        version: TLSServerPeer.Options.Version,
        name: String
    ) throws {
        let pair = try TLSPair(
            trusting: [authority],
            server: server,
            .init(versions: version...version)
        )
        try pair.handshake()
        #expect(pair.client.isEstablished)
        #expect(pair.server.isEstablished)
        #expect(pair.server.version == name)
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func handshakeSurvivesArrivingByteByByte(
        version: TLSServerPeer.Options.Version
    ) throws {
        let pair = try TLSPair(
            trusting: [authority],
            server: server,
            .init(versions: version...version)
        )
        try pair.handshake(chunk: 1)
        #expect(pair.client.isEstablished)
        try pair.write([1, 2, 3])
        try pair.pump(chunk: 1)
        #expect(pair.server.read() == [1, 2, 3])
        pair.server.write([4, 5, 6])
        try pair.pump(chunk: 1)
        #expect(pair.received == [4, 5, 6])
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func clientPresentsItsCertificate(version: TLSServerPeer.Options.Version) throws {
        let pair = try TLSPair(
            trusting: [authority],
            as: authority.issueClient("relation-7"),
            server: server,
            .init(versions: version...version, clientAuthorities: [authority])
        )
        try pair.handshake()
        #expect(pair.server.isEstablished)
        #expect(pair.server.clientCommonName == "relation-7")
    }

    @Test func clientPresentsTheIntermediatesOfItsCertificate() throws {
        let intermediate = try authority.issueAuthority("intermediate")
        let identity = try intermediate.issueClient("unit")
        let context = try TLSContext(
            TLSConfiguration(
                certificateAuthorities: .pem(Array(authority.certificate.utf8)),
                certificateChain: .pem(
                    Array((identity.certificate + intermediate.certificate).utf8)
                ),
                privateKey: .pem(Array(identity.key.utf8))
            )
        )
        let client = try TLSConnection(context: context, serverName: "::1", isIPAddress: true)
        let peer = try TLSServerPeer(server, .init(clientAuthorities: [authority]))
        try client.startHandshake()
        for _ in 0..<3 {
            var bytes: [UInt8] = []
            client.drainOutgoing(into: &bytes)
            peer.receive(bytes)
            try client.receive(array: peer.drainOutgoing())
        }
        #expect(peer.isEstablished)
        #expect(peer.clientCommonName == "unit")
    }

    @Test func hostNamesAreSentToTheServer() throws {
        let pair = try TLSPair(trusting: [authority], name: "localhost.", server: server)
        try pair.handshake()
        #expect(pair.server.serverName == "localhost")
    }

    @Test(arguments: ["127.0.0.1", "::1", "::1%lo"])
    func addressesAreVerifiedAndNotSentAsNames(address: String) throws {
        let pair = try TLSPair(
            trusting: [authority],
            name: address,
            isIPAddress: true,
            server: server
        )
        try pair.handshake()
        #expect(pair.client.isEstablished)
        #expect(pair.server.serverName == nil)
    }

    @Test func wildcardsStandForOneWholeLabel() throws {
        let identity = try authority.issueServer(dnsNames: ["*.example.org"])
        let pair = try TLSPair(trusting: [authority], name: "a.example.org", server: identity)
        try pair.handshake()
        #expect(pair.client.isEstablished)

        let partial = try authority.issueServer(dnsNames: ["a*.example.org"], ipAddresses: [])
        let refused = try TLSPair(trusting: [authority], name: "ab.example.org", server: partial)
        #expect(
            throws: TLSFailure.hostNameMismatch(
                expected: "ab.example.org",
                presented: ["a*.example.org"]
            )
        ) {
            try refused.handshake()
        }
    }

    @Test func anIntermediateIsAnAnchor() throws {
        let intermediate = try authority.issueAuthority("intermediate")
        let pair = try TLSPair(trusting: [intermediate], server: intermediate.issueServer())
        try pair.handshake()
        #expect(pair.client.isEstablished)
    }

    @Test func theServersOwnCertificateIsAnAnchor() throws {
        let pair = try TLSPair(trusting: [server], server: server)
        try pair.handshake()
        #expect(pair.client.isEstablished)
    }

    @Test func intermediatesThatTheServerSendsLeadToTheRoot() throws {
        let intermediate = try authority.issueAuthority("intermediate")
        let pair = try TLSPair(
            trusting: [authority],
            server: intermediate.issueServer(),
            .init(intermediates: [intermediate])
        )
        try pair.handshake()
        #expect(pair.client.isEstablished)
    }

    @Test func oneOfSeveralAuthoritiesSuffices() throws {
        let pair = try TLSPair(
            trusting: [.authority("first"), authority, .authority("last")],
            server: server
        )
        try pair.handshake()
        #expect(pair.client.isEstablished)
    }
}
