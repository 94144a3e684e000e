// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Certificate files are replaced under a running client.
@Suite(.timeLimit(.minutes(5)))
struct TLSRotationTests {
    let folder: TemporaryDirectory
    let files: TestCertificates
    let context: TLSContext

    init() throws {
        folder = try TemporaryDirectory()
        files = try .make(in: folder.path, clientName: "old")
        context = try TLSContext(
            TLSConfiguration(
                certificateAuthorities: .file(files.ca),
                certificateChain: .file(files.client),
                privateKey: .file(files.clientKey)
            )
        )
    }

    /// The common name under which a new connection appears at a server.
    private func nameSeenByServer(
        trusted authority: TestIdentity? = nil
    ) throws -> String? {
        let authority = authority ?? files.authority
        let client = try TLSConnection(
            context: context,
            serverName: "localhost",
            isIPAddress: false
        )
        let server = try TLSServerPeer(
            authority.issueServer(),
            .init(clientAuthorities: [authority])
        )
        try client.startHandshake()
        for _ in 0..<3 {
            var bytes: [UInt8] = []
            client.drainOutgoing(into: &bytes)
            server.receive(bytes)
            try client.receive(array: server.drainOutgoing())
        }
        return server.clientCommonName
    }

    @Test func newConnectionsUseTheNewFiles() throws {
        #expect(try nameSeenByServer() == "old")
        let identity = try files.authority.issueClient("new")
        _ = try files.write(identity, named: "client")
        #expect(try nameSeenByServer() == "new")
    }

    @Test func halfARotationChangesNothing() throws {
        let identity = try files.authority.issueClient("new")
        try TestCertificates.writeFile(identity.certificate, to: files.client, mode: 0o644)
        #expect(try nameSeenByServer() == "old")
        try TestCertificates.writeFile(identity.key, to: files.clientKey, mode: 0o600)
        #expect(try nameSeenByServer() == "new")
    }

    @Test func damagedFilesChangeNothing() throws {
        try TestCertificates.writeFile("", to: files.ca, mode: 0o644)
        #expect(try nameSeenByServer() == "old")
        try TestCertificates.writeFile(files.authority.certificate, to: files.ca, mode: 0o644)
        #expect(try nameSeenByServer() == "old")
    }

    @Test func newAuthorityIsTrusted() throws {
        let next = try TestIdentity.authority("next")
        #expect(throws: TLSFailure.self) {
            try nameSeenByServer(trusted: next)
        }
        try TestCertificates.writeFile(
            files.authority.certificate + next.certificate,
            to: files.ca,
            mode: 0o644
        )
        _ = try files.write(next.issueClient("moved"), named: "client")
        #expect(try nameSeenByServer(trusted: next) == "moved")
    }
}
