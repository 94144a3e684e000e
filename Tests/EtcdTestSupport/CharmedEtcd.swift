// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import EtcdKit
import Glibc

/// An etcd set up as charmed-etcd does it: clients are checked by certificate, and the certificate's
/// common name is a user without password whose one role has `readwrite` on one prefix.
///
/// Each application signs its certificate with an authority that it throws away; etcd trusts that
/// certificate and not the authority. It reads its trust store at its start only, so a new
/// application costs a restart.
package final class CharmedEtcd: Sendable {
    package let etcd: EtcdProcess
    /// A client of the user root, by password.
    package let root: EtcdClient
    private let certificates: TestCertificates
    private let folder: TemporaryDirectory

    private static let rootPassword = "open-sesame"

    /// Starts a server that trusts the certificates of these applications and knows no users.
    fileprivate init(_ version: EtcdVersion, trusting applications: [String]) async throws {
        self.folder = try TemporaryDirectory("charmed")
        self.certificates = try .make(in: self.folder.path)
        let trustStore = self.folder.path + "/trust.pem"
        for application in applications {
            try Self.writeCertificate(application, as: application, in: self.folder.path)
        }
        try Self.writeTrustStore(trustStore, self.certificates, applications)
        let tls = EtcdProcess.TLS(
            certificate: self.certificates.server,
            privateKey: self.certificates.serverKey,
            certificateAuthority: self.certificates.ca,
            clientAuthority: trustStore
        )
        self.etcd = try await .start(
            version,
            .init(
                tls: tls,
                rootPassword: Self.rootPassword,
                arguments: ["--heartbeat-interval", "100", "--election-timeout", "1000"]
            )
        )
        var configuration = EtcdClient.Configuration(
            endpoints: [self.etcd.endpoint],
            tls: .init(
                certificateAuthorities: .file(self.certificates.ca),
                certificate: .file(self.certificates.server),
                privateKey: .file(self.certificates.serverKey)
            ),
            credentials: .init(user: "root", password: Self.rootPassword)
        )
        configuration.asksForStatus = false
        self.root = try EtcdClient(configuration: configuration)
    }

    /// The files of an application: `<name>.pem` and `<name>.key`.
    package func files(of application: String) -> TestCertificates.Files {
        .init(
            certificate: "\(self.folder.path)/\(application).pem",
            key: "\(self.folder.path)/\(application).key"
        )
    }

    /// The authority of the server's certificate.
    package var serverAuthority: String { self.certificates.ca }

    /// Gives an application a certificate of another common name, in the files it has.
    package func replaceCertificate(of application: String, commonName: String) throws {
        try Self.writeCertificate(application, as: commonName, in: self.folder.path)
    }

    /// Trusts the certificates that these applications have now, and no others.
    package func trust(_ applications: [String]) async throws {
        let store = self.folder.path + "/trust.pem"
        try Self.writeTrustStore(store, self.certificates, applications)
        try await self.etcd.restart()
    }

    /// Trusts a certificate that somebody else made.
    package func trust(certificate path: String) async throws {
        let store = self.folder.path + "/trust.pem"
        let text = try self.certificates.authority.certificate + Self.read(path)
        try TestCertificates.writeFile(text, to: store, mode: 0o644)
        try await self.etcd.restart()
    }

    /// What the charm does for a relation: a user, a role, and the prefix for it.
    package func grant(_ prefix: String, to user: String) async throws {
        let auth = self.root.auth
        try await auth.addUserWithoutPassword(user)
        try await auth.addRole(user)
        try await auth.grantRole(user, to: user)
        try await auth.grant(.init(.readWrite, .prefix(prefix)), to: user)
    }

    /// What the charm does when a relation is broken.
    package func revoke(_ user: String) async throws {
        try await self.root.auth.deleteRole(user)
        try await self.root.auth.deleteUser(user)
    }

    /// How an application connects; nothing but calls for keys, watches and leases.
    package func configuration(_ application: String) -> EtcdClient.Configuration {
        let files = self.files(of: application)
        var configuration = EtcdClient.Configuration(
            endpoints: [self.etcd.endpoint],
            tls: .init(
                certificateAuthorities: .file(self.serverAuthority),
                certificate: .file(files.certificate),
                privateKey: .file(files.key)
            )
        )
        configuration.asksForStatus = false
        return configuration
    }

    /// The flags by which `rolling-lock` and `etcdctl` connect as an application.
    package func flags(_ application: String) -> [String] {
        let files = self.files(of: application)
        return [
            "--endpoints", "127.0.0.1:\(self.etcd.port)", "--cacert", self.serverAuthority,
            "--cert", files.certificate, "--key", files.key,
        ]
    }

    fileprivate func remove() async {
        await self.root.shutdown()
        await self.etcd.remove()
        self.folder.remove()
    }

    private static func writeCertificate(
        _ application: String,
        as commonName: String,
        in folder: String
    ) throws {
        let identity = try TestIdentity.authority("authority of \(commonName)")
            .issueClient(commonName)
        // The key first: whoever looks between them finds a pair that does not fit, and waits.
        try TestCertificates.writeFile(
            identity.key,
            to: "\(folder)/\(application).key",
            mode: 0o600
        )
        try TestCertificates.writeFile(
            identity.certificate,
            to: "\(folder)/\(application).pem",
            mode: 0o644
        )
    }

    private static func writeTrustStore(
        _ path: String,
        _ certificates: TestCertificates,
        _ applications: [String]
    ) throws {
        let leaves = try applications.map { try self.read("\(certificates.directory)/\($0).pem") }
        let text = certificates.authority.certificate + leaves.joined()
        try TestCertificates.writeFile(text, to: path, mode: 0o644)
    }

    private static func read(_ path: String) throws -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestSupportError("cannot read \(path)") }
        defer { _ = close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe Glibc.read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

/// Runs a body with an etcd of the charm's kind.
///
/// - Parameters:
///   - version: The version of etcd.
///   - applications: Whose certificates it trusts, and the prefix that each is granted; nil grants
///     nothing.
///   - body: What to do with it.
/// - Returns: What the body returns.
/// - Throws: What the body throws, or why there is no such etcd.
package func withCharmedEtcd<R>(
    _ version: EtcdVersion,
    _ applications: [(name: String, prefix: String?)],
    _ body: (CharmedEtcd) async throws -> R
) async throws -> R {
    try await withEtcdSlots(1) {
        let charmed = try await CharmedEtcd(version, trusting: applications.map(\.name))
        do {
            for (name, prefix) in applications {
                if let prefix { try await charmed.grant(prefix, to: name) }
            }
            let result = try await body(charmed)
            await charmed.remove()
            return result
        } catch {
            await charmed.remove()
            throw error
        }
    }
}
