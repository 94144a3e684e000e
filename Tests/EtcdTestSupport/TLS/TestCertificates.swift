// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// An authority, a server's certificate and a client's, in files.
///
/// The server's is for `localhost`, `127.0.0.1` and `::1`, good for both ends of a connection (etcd
/// is its own client). Keys are 0600.
package struct TestCertificates: Sendable {
    /// The two files of an identity.
    package struct Files: Sendable {
        package let certificate: String
        package let key: String
    }

    package let directory: String
    package let authority: TestIdentity
    /// The file `ca.pem`.
    package let ca: String
    /// The file `server.pem`.
    package let server: String
    /// The file `server.key`.
    package let serverKey: String
    /// The file `client.pem`.
    package let client: String
    /// The file `client.key`.
    package let clientKey: String

    /// Makes the folder, when there is none, and the files.
    package static func make(
        in directory: String,
        clientName: String = "root"
    ) throws -> TestCertificates {
        guard unsafe mkdir(directory, 0o700) == 0 || errno == EEXIST else {
            throw TestSupportError("cannot make the folder \(directory): errno \(errno)")
        }
        let authority = try TestIdentity.authority()
        let server = try write(authority.issueServer(), named: "server", in: directory)
        let client = try write(authority.issueClient(clientName), named: "client", in: directory)
        let ca = "\(directory)/ca.pem"
        try writeFile(authority.certificate, to: ca, mode: 0o644)
        return TestCertificates(
            directory: directory,
            authority: authority,
            ca: ca,
            server: server.certificate,
            serverKey: server.key,
            client: client.certificate,
            clientKey: client.key
        )
    }

    /// A further client's files, `<name>.pem` and `<name>.key`; etcd's user is `commonName`.
    package func issueClient(
        _ commonName: String,
        named name: String? = nil,
        validity: TestIdentity.Request.Validity = .current
    ) throws -> Files {
        try write(
            authority.issueClient(commonName, validity: validity),
            named: name ?? commonName
        )
    }

    /// A further server's files, `<name>.pem` and `<name>.key`.
    package func issueServer(
        named name: String,
        dnsNames: [String] = ["localhost"],
        ipAddresses: [String] = ["127.0.0.1", "::1"],
        validity: TestIdentity.Request.Validity = .current
    ) throws -> Files {
        try write(
            authority.issueServer(
                dnsNames: dnsNames,
                ipAddresses: ipAddresses,
                validity: validity
            ),
            named: name
        )
    }

    /// Writes an identity, and the authorities between it and the root after its certificate.
    package func write(
        _ identity: TestIdentity,
        named name: String,
        intermediates: [TestIdentity] = []
    ) throws -> Files {
        try Self.write(identity, named: name, intermediates: intermediates, in: directory)
    }

    private static func write(
        _ identity: TestIdentity,
        named name: String,
        intermediates: [TestIdentity] = [],
        in directory: String
    ) throws -> Files {
        let files = Files(
            certificate: "\(directory)/\(name).pem",
            key: "\(directory)/\(name).key"
        )
        let chain = ([identity] + intermediates).map(\.certificate).joined()
        try writeFile(chain, to: files.certificate, mode: 0o644)
        try writeFile(identity.key, to: files.key, mode: 0o600)
        return files
    }

    /// Replaces the file as a whole, as whoever rotates certificates should.
    package static func writeFile(_ text: String, to path: String, mode: UInt32) throws {
        let bytes = Array(text.utf8)
        let draft = path + ".new"
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw TestSupportError("cannot write \(draft): errno \(errno)")
        }
        defer { _ = close(descriptor) }
        // The mode as asked for, whatever the umask.
        guard fchmod(descriptor, mode) == 0,
            unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count,
            unsafe rename(draft, path) == 0
        else {
            throw TestSupportError("cannot write \(path): errno \(errno)")
        }
    }
}
