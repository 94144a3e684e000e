// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Users without a password, who are what their certificates say.
@Suite(.hangLimit)
struct CertificateUserTests {
    private let folder: TemporaryDirectory
    private let certificates: TestCertificates

    init() throws {
        folder = try TemporaryDirectory("users")
        certificates = try .make(in: folder.path)
    }

    private func configuration(
        _ etcd: EtcdProcess,
        commonName: String
    ) throws -> EtcdClient.Configuration {
        let files = try certificates.issueClient(commonName)
        return EtcdClient.Configuration(
            endpoints: [etcd.endpoint],
            tls: .init(
                certificateAuthorities: .file(certificates.ca),
                certificate: .file(files.certificate),
                privateKey: .file(files.key)
            )
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func theCommonNameIsTheUserAndNoPasswordWorks(version: EtcdVersion) async throws {
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            try await withEtcdClient(configuration: configuration(etcd, commonName: "root")) {
                root in
                let auth = root.auth
                try await auth.addUserWithoutPassword("root")
                try await auth.addRole("root")
                try await auth.grantRole("root", to: "root")
                try await auth.addUserWithoutPassword("unit-0")
                try await auth.addRole("unit")
                try await auth.grant(.init(.readWrite, .prefix("unit/0/")), to: "unit")
                try await auth.grantRole("unit", to: "unit-0")
                try await auth.enable()
                // The certificate goes on where the absence of a user was enough before.
                #expect(try await Set(auth.users()) == ["root", "unit-0"])
            }
            try await withEtcdClient(configuration: configuration(etcd, commonName: "unit-0")) {
                unit in
                try await unit.put("unit/0/state", "up")
                #expect(try await unit.get("unit/0/state")?.value == "up")
                let foreign = await etcdErrorCode { try await unit.put("unit/1/state", "up") }
                #expect(foreign == .permissionDenied)
                #expect(try await unit.auth.user("unit-0").roles == ["unit"])
                #expect(
                    try await unit.auth.role("unit").permissions
                        == [.init(.readWrite, .prefix("unit/0/"))]
                )
            }
            // A certificate of the right authority for nobody.
            try await withEtcdClient(configuration: configuration(etcd, commonName: "nobody")) {
                nobody in
                let code = await etcdErrorCode { _ = try await nobody.get("unit/0/state") }
                #expect(code == .permissionDenied)
            }
            // The name of a user without password is not enough.
            var guess = try configuration(etcd, commonName: "nobody")
            guess.credentials = .init(user: "unit-0", password: "guess")
            try await withEtcdClient(configuration: guess) { guesser in
                let code = await etcdErrorCode { _ = try await guesser.get("unit/0/state") }
                #expect(code == .authenticationFailed)
            }
        }
    }
}
