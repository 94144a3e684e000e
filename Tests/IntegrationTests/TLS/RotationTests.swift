// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Logging
import RollingLock
import Testing

/// Certificates are replaced under clients at work.
@Suite(.hangLimit, .serialized)
struct RotationTests {
    private let folder: TemporaryDirectory
    private let files: TestCertificates
    private let next: TestIdentity
    private let log = LogCapture()

    init() throws {
        self.folder = try TemporaryDirectory("rotation")
        self.files = try .make(in: self.folder.path, clientName: "unit")
        self.next = try TestIdentity.authority("next")
    }

    private func configuration(_ etcd: EtcdProcess) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(
            endpoints: [etcd.endpoint],
            tls: .init(
                certificateAuthorities: .file(self.files.ca),
                certificate: .file(self.files.client),
                privateKey: .file(self.files.clientKey)
            )
        )
        configuration.logger = self.log.logger
        return configuration
    }

    /// A client that nothing happens to: it has had both authorities from the beginning.
    private func bystander(_ etcd: EtcdProcess) throws -> EtcdClient.Configuration {
        let identity = try self.next.issueClient("bystander")
        return EtcdClient.Configuration(
            endpoints: [etcd.endpoint],
            tls: .init(
                certificateAuthorities: .pem(
                    self.files.authority.certificate + self.next.certificate
                ),
                certificate: .pem(identity.certificate),
                privateKey: .pem(identity.key)
            )
        )
    }

    private func count(_ text: String, atLeast level: Logger.Level = .debug) -> Int {
        self.log.messages(atLeast: level).count { $0.contains(text) }
    }

    /// A server that trusts both authorities, by files of its own.
    private func withServer(
        _ version: EtcdVersion,
        _ body: (EtcdProcess, _ serverCA: String) async throws -> Void
    ) async throws {
        let both = self.files.authority.certificate + self.next.certificate
        let serverCA = self.folder.path + "/server-ca.pem"
        try TestCertificates.writeFile(both, to: serverCA, mode: 0o644)
        let tls = EtcdProcess.TLS(
            certificate: self.files.server,
            privateKey: self.files.serverKey,
            certificateAuthority: serverCA,
            clientAuthority: serverCA
        )
        try await withEtcd(version, .init(tls: tls)) { try await body($0, serverCA) }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anAuthorityIsReplacedUnderLocksLeasesAndWatches(version: EtcdVersion) async throws {
        try await self.withServer(version) { etcd, serverCA in
            try await withEtcdClient(configuration: self.bystander(etcd)) { writer in
                try await withEtcdClient(configuration: self.configuration(etcd)) { client in
                    let session = try await client.openLeaseSession(ttl: .seconds(6))
                    try await client.put("leased", "1", lease: session.id)
                    let lock = try RollingLock(
                        client: client,
                        configuration: .init(clusterID: "c", name: "l", unit: "u")
                    )
                    try await lock.withLock { hold in
                        try await withNumberedWrites(to: "n", by: writer, seenBy: client) {
                            try await self.roll(etcd, serverCA, client)
                        }
                        #expect(hold.isHeld)
                    }
                    #expect(try await client.get("leased")?.lease == session.id)
                    await lock.shutdown()
                    await session.close()
                }
            }
        }
    }

    /// From the old authority to the next one, step by step, as an operator does it.
    private func roll(
        _ etcd: EtcdProcess,
        _ serverCA: String,
        _ client: EtcdClient
    ) async throws {
        let load = Task {
            while !Task.isCancelled {
                do {
                    try await client.put("load", "x")
                    _ = try await client.get("load")
                } catch is CancellationError {
                    return
                }
            }
        }
        // Calls, watches, renewals.
        try await eventually { self.count("connected endpoint=") == 3 }
        // 1. Clients trust both.
        let both = self.files.authority.certificate + self.next.certificate
        try TestCertificates.writeFile(both, to: self.files.ca, mode: 0o644)
        try await eventually { self.count("connected anew with other certificates") == 3 }
        // 2. The server shows a certificate of the next one; it reads its files for each handshake.
        _ = try self.files.write(self.next.issueServer(), named: "server")
        // 3. The client's certificate comes from the next one; first one file, then the other.
        let identity = try self.next.issueClient("unit")
        try TestCertificates.writeFile(identity.certificate, to: self.files.client, mode: 0o644)
        try await Task.sleep(for: .milliseconds(300))
        try TestCertificates.writeFile(identity.key, to: self.files.clientKey, mode: 0o600)
        try await eventually { self.count("connected anew with other certificates") == 6 }
        // The old connections have ended, each once what ran on it was done.
        try await eventually { self.count("connection closed") == 6 }
        load.cancel()
        // No call has failed: all went on where they were, or on the new connection.
        try await load.value
        // 4. The old authority goes, and whatever it had issued with it.
        try TestCertificates.writeFile(self.next.certificate, to: serverCA, mode: 0o644)
        try TestCertificates.writeFile(self.next.certificate, to: self.files.ca, mode: 0o644)
        try await etcd.restart()
        try await client.put("after", "1")
        _ = try await client.watch(.key("after"))
        #expect(self.count("", atLeast: .warning) == 0)
    }

    @Test func filesThatDoNotFitAreLoggedAndTheOldOnesStay() async throws {
        try await self.withServer(.v3_5) { etcd, _ in
            try await withEtcdClient(configuration: self.configuration(etcd)) { client in
                try await client.put("a", "1")
                let certificate = try self.files.authority.issueClient("later")
                let half = String(certificate.certificate.prefix(300))
                try TestCertificates.writeFile(half, to: self.files.client, mode: 0o644)
                try await eventually { self.count("the old ones stay", atLeast: .warning) == 1 }
                try await client.put("a", "2")
                try TestCertificates.writeFile(
                    certificate.certificate,
                    to: self.files.client,
                    mode: 0o644
                )
                try await eventually { self.count("the old ones stay", atLeast: .warning) == 2 }
                try await client.put("a", "3")
                #expect(self.count("connected anew") == 0)
                try TestCertificates.writeFile(
                    certificate.key,
                    to: self.files.clientKey,
                    mode: 0o600
                )
                try await eventually { self.count("connected anew") > 0 }
                try await client.put("a", "4")
                for message in self.log.messages() {
                    #expect(!message.contains("BEGIN"))
                }
            }
        }
    }

    @Test func newFilesThatTheServerRefusesLeaveTheConnectionsAlone() async throws {
        try await self.withServer(.v3_5) { etcd, _ in
            try await withEtcdClient(configuration: self.configuration(etcd)) { client in
                // The connections are there before the files are changed.
                try await client.put("a", "0")
                try await withNumberedWrites(to: "n", by: client, seenBy: client) {
                    let stranger = try TestIdentity.authority("stranger")
                    _ = try self.files.write(stranger.issueClient("unit"), named: "client")
                    try await eventually {
                        self.count("cannot connect with the new", atLeast: .warning) == 1
                    }
                    let warning = self.log.messages(atLeast: .warning).last ?? ""
                    #expect(warning.contains("does not trust this client's certificate"))
                    try await client.put("a", "1")
                    _ = try self.files.write(self.next.issueClient("unit"), named: "client")
                    try await eventually { self.count("connected anew") == 2 }
                    try await client.put("a", "2")
                }
                #expect(self.count("", atLeast: .warning) == 1)
            }
        }
    }
}
