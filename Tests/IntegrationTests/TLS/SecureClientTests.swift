// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Clients and servers with certificates.
@Suite(.timeLimit(.minutes(3)))
struct SecureClientTests {
    private let folder: TemporaryDirectory
    private let certificates: TestCertificates

    init() throws {
        folder = try TemporaryDirectory("tls")
        certificates = try .make(in: folder.path)
    }

    private func configuration(
        _ endpoint: String,
        authority: String? = nil,
        identity: TestCertificates.Files? = nil
    ) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(
            endpoints: [endpoint],
            tls: .init(
                certificateAuthorities: .file(authority ?? certificates.ca),
                certificate: identity.map { .file($0.certificate) },
                privateKey: identity.map { .file($0.key) }
            )
        )
        configuration.requestTimeout = .seconds(20)
        return configuration
    }

    private var identity: TestCertificates.Files {
        get throws { try certificates.issueClient("unit-0") }
    }

    /// The error of a first request.
    private func failure(
        _ configuration: EtcdClient.Configuration,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> EtcdError {
        try await #require(throws: EtcdError.self, sourceLocation: sourceLocation) {
            try await withEtcdClient(configuration: configuration) { client in
                _ = try await client.get("key")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func serversAreVerifiedByAddressAndByName(version: EtcdVersion) async throws {
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            for host in ["127.0.0.1", "localhost"] {
                let configuration = try configuration(
                    "https://\(host):\(etcd.port)",
                    identity: identity
                )
                try await withEtcdClient(configuration: configuration) { client in
                    let large = [UInt8](repeating: 7, count: 1 << 20)
                    try await client.put("key", large)
                    #expect(try await client.get("key")?.value.bytes == large)
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aMissingCertificateIsNamedAsTheCause(version: EtcdVersion) async throws {
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            let failure = try await failure(configuration("https://127.0.0.1:\(etcd.port)"))
            #expect(failure.code == .certificateRejected, "\(failure)")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aStrangersCertificateIsNamedAsTheCause(version: EtcdVersion) async throws {
        let stranger = try TestIdentity.authority("stranger").issueClient("unit-0")
        let files = try certificates.write(stranger, named: "stranger")
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            let failure = try await failure(
                configuration("https://127.0.0.1:\(etcd.port)", identity: files)
            )
            #expect(failure.code == .certificateRejected, "\(failure)")
            #expect(failure.message.contains("does not trust this client's certificate"))
        }
    }

    @Test func anotherAuthorityIsNamedAsTheCause() async throws {
        let path = certificates.directory + "/other.pem"
        try TestCertificates.writeFile(
            TestIdentity.authority("other").certificate,
            to: path,
            mode: 0o644
        )
        try await withEtcd(.v3_5, .init(tls: .init(certificates))) { etcd in
            let failure = try await failure(
                configuration(
                    "https://127.0.0.1:\(etcd.port)",
                    authority: path,
                    identity: identity
                )
            )
            #expect(failure.code == .certificateRejected, "\(failure)")
            #expect(failure.message.contains("not trusted"))
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func plainTextAtASecurePortIsNamedAsTheCause(version: EtcdVersion) async throws {
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            let failure = try await failure(.init(endpoints: ["http://127.0.0.1:\(etcd.port)"]))
            #expect(failure.message.contains("https://"), "\(failure)")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func tlsAtAPlainPortIsNamedAsTheCause(version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let failure = try await failure(configuration("https://127.0.0.1:\(etcd.port)"))
            #expect(failure.message.contains("http://"), "\(failure)")
        }
    }

    @Test func theCommonNameOfTheCertificateIsTheUser() async throws {
        try await withEtcd(.v3_5, .init(tls: .init(certificates))) { etcd in
            try await etcd.etcdctl("user", "add", "root", "--no-password")
            try await etcd.etcdctl("user", "grant-role", "root", "root")
            try await etcd.etcdctl("user", "add", "unit-0", "--no-password")
            try await etcd.etcdctl("role", "add", "own")
            try await etcd.etcdctl(
                "role",
                "grant-permission",
                "own",
                "--prefix=true",
                "readwrite",
                "/own/"
            )
            try await etcd.etcdctl("user", "grant-role", "unit-0", "own")
            try await etcd.etcdctl("auth", "enable")
            let configuration = try configuration(
                "https://127.0.0.1:\(etcd.port)",
                identity: identity
            )
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("/own/key", "value")
                let failure = await #expect(throws: EtcdError.self) {
                    try await client.put("/other/key", "value")
                }
                #expect(failure?.code == .permissionDenied)
            }
        }
    }

    @Test func replacedFilesServeTheNextConnection() async throws {
        let files = try identity
        let next = try TestIdentity.authority("next")
        let nextFiles = try certificates.write(next.issueServer(), named: "next-server")
        let nextCA = certificates.directory + "/next.pem"
        try TestCertificates.writeFile(next.certificate, to: nextCA, mode: 0o644)
        let port = try LoopbackPort.free()
        let configuration = configuration("https://127.0.0.1:\(port)", identity: files)
        let old = EtcdProcess.Options(tls: .init(certificates), port: port)
        let new = EtcdProcess.Options(
            tls: .init(
                certificate: nextFiles.certificate,
                privateKey: nextFiles.key,
                certificateAuthority: nextCA,
                clientAuthority: nextCA
            ),
            port: port
        )
        try await withEtcdClient(configuration: configuration) { client in
            try await withEtcd(.v3_5, old) { _ in
                _ = try await client.put("key", "old")
            }
            try TestCertificates.writeFile(next.certificate, to: certificates.ca, mode: 0o644)
            _ = try certificates.write(next.issueClient("unit-0"), named: "unit-0")
            try await withEtcd(.v3_5, new) { _ in
                _ = try await client.put("key", "new")
            }
        }
    }
}
