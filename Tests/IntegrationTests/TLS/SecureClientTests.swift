// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Clients and servers with certificates.
@Suite(.hangLimit)
struct SecureClientTests {
    private let folder: TemporaryDirectory
    private let certificates: TestCertificates

    init() throws {
        folder = try TemporaryDirectory("tls")
        certificates = try .make(in: folder.path)
    }

    private func configuration(
        _ endpoint: String,
        identity: TestCertificates.Files? = nil
    ) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(
            endpoints: [endpoint],
            tls: .init(
                certificateAuthorities: .file(certificates.ca),
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
        try await withEtcd(.v3_5, .init(tls: .init(certificates))) { etcd in
            let configuration = configuration(etcd.endpoint, identity: files)
            try await withEtcdClient(configuration: configuration) { client in
                _ = try await client.put("key", "old")
                await etcd.stop()
                try TestCertificates.writeFile(next.certificate, to: certificates.ca, mode: 0o644)
                _ = try certificates.write(next.issueServer(), named: "server")
                _ = try certificates.write(next.issueClient("unit-0"), named: "unit-0")
                try await etcd.startAgain()
                _ = try await client.put("key", "new")
            }
        }
    }
}
