// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// The certificates of a charmed etcd and of one application related to it, made by openssl.
///
/// As there, the application's certificate is signed by a throw-away authority, and the server
/// trusts the leaf itself.
struct Certificates: Sendable {
    let folder: WorkFolder
    /// The application's name in its certificate, and in etcd.
    let user = "rolling-restart-demo"

    var serverAuthority: String { self.folder.file("server-ca.pem") }
    var server: String { self.folder.file("server.pem") }
    var serverKey: String { self.folder.file("server.key") }
    var client: String { self.folder.file("client.pem") }
    var clientKey: String { self.folder.file("client.key") }
    /// What the server accepts of clients.
    var trusted: String { self.folder.file("trusted.pem") }

    /// Makes all of them.
    init(in folder: WorkFolder) async throws {
        self.folder = folder
        try await self.makeAuthority("server-ca")
        try await self.makeAuthority("client-ca")
        try await self.makeLeaf(
            "server",
            authority: "server-ca",
            name: "etcd-0",
            extensions: "subjectAltName=IP:127.0.0.1,DNS:localhost\n"
        )
        try await self.makeLeaf(
            "client",
            authority: "client-ca",
            name: self.user,
            extensions: ""
        )
        let parts = try [self.serverAuthority, self.client].map {
            try Data(contentsOf: URL(filePath: $0))
        }
        try (parts[0] + parts[1]).write(to: URL(filePath: self.trusted))
    }

    private func makeAuthority(_ name: String) async throws {
        try await self.openssl(
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=\(name)",
            "-keyout",
            "\(name).key",
            "-out",
            "\(name).pem"
        )
    }

    private func makeLeaf(
        _ file: String,
        authority: String,
        name: String,
        extensions: String
    ) async throws {
        try await self.openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            "/CN=\(name)",
            "-keyout",
            "\(file).key",
            "-out",
            "\(file).csr"
        )
        try Data("basicConstraints=critical,CA:FALSE\n\(extensions)".utf8)
            .write(to: URL(filePath: self.folder.file("\(file).ext")))
        try await self.openssl(
            "x509",
            "-req",
            "-days",
            "1",
            "-in",
            "\(file).csr",
            "-CA",
            "\(authority).pem",
            "-CAkey",
            "\(authority).key",
            "-CAcreateserial",
            "-extfile",
            "\(file).ext",
            "-out",
            "\(file).pem"
        )
    }

    private func openssl(_ arguments: String...) async throws {
        try await Program.run("openssl", arguments, in: self.folder.path)
    }
}
