// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Every reason for which a conversation does not come about has a failure of its own.
@Suite(.timeLimit(.minutes(5)))
struct TLSRefusalTests {
    let authority: TestIdentity
    let server: TestIdentity

    init() throws {
        authority = try .authority()
        server = try authority.issueServer()
    }

    private func failure(
        of pair: TLSPair,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> TLSFailure {
        try #require(throws: TLSFailure.self, sourceLocation: sourceLocation) {
            try pair.handshake()
        }
    }

    @Test func strangersAreNotTrusted() throws {
        let stranger = try TestIdentity.authority("stranger")
        let failure = try failure(
            of: TLSPair(trusting: [authority], server: stranger.issueServer())
        )
        guard case .certificateUntrusted(let reason) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(reason.contains("unable to get local issuer certificate"))
        #expect(reason.contains("issued by CN=stranger"))
    }

    @Test func selfSignedServersAreNotTrusted() throws {
        let failure = try failure(
            of: TLSPair(trusting: [authority], server: .authority("self-made"))
        )
        guard case .certificateUntrusted(let reason) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(reason.contains("self-signed"))
    }

    @Test func missingIntermediateLeavesTheServerUntrusted() throws {
        let intermediate = try authority.issueAuthority("intermediate")
        let failure = try failure(
            of: TLSPair(trusting: [authority], server: intermediate.issueServer())
        )
        guard case .certificateUntrusted(let reason) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(reason.contains("issued by CN=intermediate"))
    }

    @Test func clientsCertificateIsNoServersCertificate() throws {
        let identity = try authority.issue(
            .init(commonName: "x", dnsNames: ["localhost"], usage: .client)
        )
        let failure = try failure(of: TLSPair(trusting: [authority], server: identity))
        guard case .certificateUntrusted(let reason) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(reason.contains("purpose"))
    }

    @Test func expiredServerIsRefusedWithTheDate() throws {
        let expired = try authority.issueServer(validity: .expired)
        let failure = try failure(of: TLSPair(trusting: [authority], server: expired))
        guard case .certificateExpired(let subject, let date) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(subject == "CN=server")
        #expect(date.wholeMatch(of: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/) != nil)
    }

    @Test func expiredAuthorityIsNamed() throws {
        let expired = try TestIdentity.authority("old authority", validity: .expired)
        let failure = try failure(of: TLSPair(trusting: [expired], server: expired.issueServer()))
        guard case .certificateExpired(let subject, _) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(subject == "CN=old authority")
    }

    @Test func serverOfTomorrowIsRefusedWithTheDate() throws {
        let future = try authority.issueServer(validity: .future)
        let failure = try failure(of: TLSPair(trusting: [authority], server: future))
        guard case .certificateNotYetValid("CN=server", _) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
    }

    @Test func wrongHostIsRefusedWithTheNamesPresented() throws {
        let failure = try failure(
            of: TLSPair(trusting: [authority], name: "etcd.example.org", server: server)
        )
        #expect(
            failure
                == .hostNameMismatch(
                    expected: "etcd.example.org",
                    presented: ["localhost", "127.0.0.1", "::1"]
                )
        )
        #expect(failure.description.contains("only for localhost, 127.0.0.1, ::1"))
    }

    @Test func wrongAddressIsRefusedWithTheNamesPresented() throws {
        let failure = try failure(
            of: TLSPair(
                trusting: [authority],
                name: "10.1.2.3",
                isIPAddress: true,
                server: server
            )
        )
        #expect(
            failure
                == .hostNameMismatch(
                    expected: "10.1.2.3",
                    presented: ["localhost", "127.0.0.1", "::1"]
                )
        )
    }

    @Test func manyNamesAreNotAllRepeated() throws {
        let identity = try authority.issueServer(
            dnsNames: (0..<100).map { "host\($0).example.org" },
            ipAddresses: []
        )
        let failure = try failure(of: TLSPair(trusting: [authority], server: identity))
        guard case .hostNameMismatch(_, let presented) = failure else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(presented.count == 9)
        #expect(presented.last == "…")
    }

    @Test func theCommonNameIsNoHostName() throws {
        let identity = try authority.issue(.init(commonName: "localhost"))
        let failure = try failure(of: TLSPair(trusting: [authority], server: identity))
        #expect(failure == .hostNameMismatch(expected: "localhost", presented: []))
    }

    @Test(arguments: ["", ".", "%lo", "a\0b", String(repeating: "a", count: 300)])
    func impossibleNamesAreRefused(name: String) throws {
        #expect(throws: TLSFailure.self) {
            _ = try TLSConnection(
                context: TLSContext(TLSConfiguration()),
                serverName: name,
                isIPAddress: name.hasPrefix("%")
            )
        }
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func missingClientCertificateIsReported(version: TLSServerPeer.Options.Version) throws {
        let failure = try failure(
            of: TLSPair(
                trusting: [authority],
                server: server,
                .init(versions: version...version, clientAuthorities: [authority])
            )
        )
        // TLS 1.2 has no alert for that.
        let alert: TLSAlert = version == .tls1_3 ? .certificateRequired : .handshakeFailure
        #expect(failure == .peerAlert(alert))
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func strangeClientCertificateIsReported(version: TLSServerPeer.Options.Version) throws {
        let stranger = try TestIdentity.authority("stranger").issueClient("unit")
        let pair = try TLSPair(
            trusting: [authority],
            as: stranger,
            server: server,
            .init(versions: version...version, clientAuthorities: [authority])
        )
        let failure = try failure(of: pair)
        #expect(failure == .peerAlert(.unknownAuthority))
        #expect(failure.description.contains("does not trust this client's certificate"))
        // With TLS 1.3 the client is through before the server has looked.
        #expect(pair.client.isEstablished == (version == .tls1_3))
    }

    @Test(arguments: [TLSServerPeer.Options.Protocols.http1, .none])
    func serverWithoutHTTP2IsRefused(protocols: TLSServerPeer.Options.Protocols) throws {
        let pair = try TLSPair(
            trusting: [authority],
            server: server,
            .init(protocols: protocols)
        )
        #expect(try failure(of: pair) == .noALPN)
        #expect(!pair.client.isEstablished)
    }

    @Test func oldTLSIsRefused() throws {
        let failure = try failure(
            of: TLSPair(
                trusting: [authority],
                server: server,
                .init(versions: .tls1_1 ... .tls1_1)
            )
        )
        #expect(failure == .protocolVersion)
    }

    @Test(arguments: [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\0\0\u{12}\u{4}\0\0\0\0\0", "SSH-2.0-x\r\n",
        "\u{16}HTTP/1.1 400 Bad Request\r\n\r\n", "x",
    ])
    func plainTextIsRecognised(answer: String) throws {
        let pair = try TLSPair(trusting: [authority], server: server)
        try pair.client.startHandshake()
        #expect(throws: TLSFailure.notTLS) {
            try pair.receive(Array(answer.utf8))
        }
    }

    @Test func theServerIsToldWhyItIsRefused() throws {
        let pair = try TLSPair(
            trusting: [.authority("other")],
            server: server
        )
        _ = try failure(of: pair)
        pair.server.receive(pair.drainClient())
        #expect(pair.server.failure?.contains("unknown ca") == true)
    }

    @Test func theFirstFailureIsFinal() throws {
        let pair = try TLSPair(trusting: [authority], name: "other", server: server)
        let failure = try failure(of: pair)
        #expect(throws: failure) {
            try pair.receive([22, 3, 3])
        }
        #expect(throws: failure) {
            try pair.write([1])
        }
        #expect(throws: failure) {
            try pair.client.receiveEndOfStream()
        }
        pair.client.close()
    }

    @Test func garbageInTheHandshakeIsAFailure() throws {
        let pair = try TLSPair(trusting: [authority], server: server)
        try pair.client.startHandshake()
        pair.server.receive(pair.drainClient())
        var answer = pair.server.drainOutgoing()
        for index in 5..<answer.count {
            answer[index] ^= 0x55
        }
        #expect(throws: TLSFailure.self) {
            try pair.receive(answer)
        }
    }
}
