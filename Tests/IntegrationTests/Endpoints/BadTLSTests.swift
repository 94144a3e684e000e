// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What wrong certificates and plain text in the place of TLS get.
@Suite(.hangLimit)
struct BadTLSTests {
    /// A server that wants client certificates, and what belongs to it.
    private func withTLSServer(
        _ version: EtcdVersion,
        _ body: (EtcdProcess, TestCertificates) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory("tls")
        defer { folder.remove() }
        let certificates = try TestCertificates.make(in: folder.path)
        let tls = EtcdProcess.TLS(
            certificate: certificates.server,
            privateKey: certificates.serverKey,
            certificateAuthority: certificates.ca,
            clientAuthority: certificates.ca
        )
        try await withEtcd(version, .init(tls: tls)) { etcd in
            try await body(etcd, certificates)
        }
    }

    private func address(_ etcd: EtcdProcess) -> String {
        "127.0.0.1:\(etcd.port)"
    }

    private func good(_ certificates: TestCertificates) -> EtcdClient.TLS {
        .init(
            certificateAuthorities: .file(certificates.ca),
            certificate: .file(certificates.client),
            privateKey: .file(certificates.clientKey)
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func goodCertificatesAreAcceptedFromFilesAndFromText(_ version: EtcdVersion) async throws {
        try await self.withTLSServer(version) { etcd, certificates in
            let files = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                tls: self.good(certificates)
            )
            try await withEtcdClient(configuration: files) { client in
                _ = try await client.put("a", "1")
            }
            let identity = try certificates.authority.issueClient("unit")
            let text = EtcdClient.Configuration(
                endpoints: ["localhost:\(etcd.port)"],
                tls: .init(
                    certificateAuthorities: .pem(certificates.authority.certificate),
                    certificate: .pem(identity.certificate),
                    privateKey: .pem(identity.key)
                )
            )
            try await withEtcdClient(configuration: text) { client in
                let found = try await client.get("a")
                #expect(found?.value == "1")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func everyMistakeHasItsOwnError(_ version: EtcdVersion) async throws {
        try await self.withTLSServer(version) { etcd, certificates in
            let address = self.address(etcd)
            var messages: [String] = []
            func expect(
                _ code: EtcdError.Code,
                _ word: String,
                _ tls: EtcdClient.TLS?,
                endpoint: String? = nil,
                sourceLocation: SourceLocation = #_sourceLocation
            ) async {
                let error = await BadEndpointTests.error(
                    [endpoint ?? address],
                    tls: tls,
                    sourceLocation: sourceLocation
                )
                #expect(error?.code == code, sourceLocation: sourceLocation)
                let message = error?.message ?? ""
                #expect(message.contains(word), "\(message)", sourceLocation: sourceLocation)
                messages.append(message)
            }

            // An authority that did not issue the server's certificate.
            var tls = self.good(certificates)
            let stranger = try TestIdentity.authority("Somebody else")
            tls.certificateAuthorities = .pem(stranger.certificate)
            await expect(.certificateRejected, "not trusted", tls)

            // A name that the server's certificate does not have.
            tls = self.good(certificates)
            tls.serverName = "etcd.example"
            await expect(.certificateRejected, "not for etcd.example", tls)

            // No client certificate.
            tls = .init(certificateAuthorities: .file(certificates.ca))
            await expect(.certificateRejected, "certificate", tls)

            // A client certificate of an authority that the server does not know.
            let foreign = try stranger.issueClient("unit")
            tls.certificate = .pem(foreign.certificate)
            tls.privateKey = .pem(foreign.key)
            await expect(.certificateRejected, "does not trust this client's certificate", tls)

            // Plain text to a TLS port.
            await expect(.tlsFailed, "https://", nil)

            #expect(Set(messages).count == messages.count)
        }
    }

    @Test
    func anExpiredServerCertificateIsNamed() async throws {
        let folder = try TemporaryDirectory("tls")
        defer { folder.remove() }
        let certificates = try TestCertificates.make(in: folder.path)
        let expired = try certificates.issueServer(named: "expired", validity: .expired)
        let tls = EtcdProcess.TLS(
            certificate: expired.certificate,
            privateKey: expired.key,
            certificateAuthority: certificates.ca
        )
        let etcd = try await EtcdProcess.start(.v3_5, .init(tls: tls))
        let error = await BadEndpointTests.error(
            ["127.0.0.1:\(etcd.port)"],
            tls: .init(certificateAuthorities: .file(certificates.ca))
        )
        #expect(error?.code == .certificateRejected)
        #expect(error?.message.contains("expired") == true)
        await etcd.remove()
    }

    @Test
    func anExpiredClientCertificateIsFoundBeforeConnecting() async throws {
        let folder = try TemporaryDirectory("tls")
        defer { folder.remove() }
        let certificates = try TestCertificates.make(in: folder.path)
        let expired = try certificates.issueClient("late", validity: .expired)
        let error = #expect(throws: EtcdError.self) {
            try EtcdClient(
                configuration: .init(
                    endpoints: ["127.0.0.1:1"],
                    tls: .init(
                        certificateAuthorities: .file(certificates.ca),
                        certificate: .file(expired.certificate),
                        privateKey: .file(expired.key)
                    )
                )
            )
        }
        #expect(error?.code == .tlsFailed)
        #expect(error?.message.contains("expired") == true)
    }

    @Test(arguments: EtcdVersion.allCases)
    func tlsToAPlainTextPortIsNamed(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let error = await BadEndpointTests.error([self.address(etcd)], tls: .init())
            #expect(error?.code == .tlsFailed)
            #expect(error?.message.contains("http://") == true, "\(error?.message ?? "")")
        }
    }
}
