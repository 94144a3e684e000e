// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// What `rolling-lock certificate` and `rolling-lock cluster-id` make.
@Suite(.hangLimit)
struct CertificateCommandTests {
    private let folder: TemporaryDirectory

    init() throws {
        self.folder = try TemporaryDirectory("made")
    }

    private func create(_ options: String...) async throws -> ChildProcess.Output {
        try await RollingLockTool.run(
            ["certificate", "create", "--directory", self.folder.path] + options
        )
    }

    private func show(_ arguments: String...) async throws -> ChildProcess.Output {
        try await RollingLockTool.run(["certificate", "show"] + arguments)
    }

    private func openSSL(_ arguments: String...) async throws -> ChildProcess.Output {
        try await ChildProcess.start("openssl", arguments).waitOrKill()
    }

    private func path(_ name: String) -> String { "\(self.folder.path)/\(name)" }

    private func mode(_ name: String) -> UInt32? {
        var status = stat()
        return unsafe lstat(self.path(name), &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private func contents(_ name: String) throws -> String {
        try String(contentsOf: URL(filePath: self.path(name)), encoding: .utf8)
    }

    private struct Report: Decodable {
        struct Finding: Decodable {
            var check: String
            var verdict: String
            var status: Int32
        }

        var common_name: String?
        var remaining_days: Int
        var key: String
        var findings: [Finding]?
    }

    private func report(_ output: ChildProcess.Output) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(output.standardOutput.utf8))
    }

    @Test
    func clusterIdentifiersAreRandom() async throws {
        let first = try await RollingLockTool.run(["cluster-id", "new"])
        let second = try await RollingLockTool.run(["cluster-id", "new", "--json"])
        #expect(first.status == 0)
        #expect(first.standardOutput.wholeMatch(of: /[0-9a-f]{32}\n/) != nil)
        let json = /\{"cluster_id":"[0-9a-f]{32}"\}\n/
        #expect(second.standardOutput.wholeMatch(of: json) != nil)
        #expect(!second.standardOutput.contains(first.standardOutput.dropLast()))
    }

    @Test
    func openSSLFindsACertificateForClientsOnly() async throws {
        umask(0)
        let made = try await self.create("--days", "90", "--json")
        #expect(made.status == 0, "\(made)")
        let report = try self.report(made)
        #expect(report.common_name?.wholeMatch(of: /[0-9a-f]{32}/) != nil)
        #expect(report.key == "EC P-256")
        #expect(self.mode("client.key") == 0o600)
        #expect(self.mode("client.pem") == 0o644)
        #expect(self.mode("client-ca.pem") == 0o644)
        #expect(self.mode("client-ca.key") == nil)
        let names = try FileManager.default.contentsOfDirectory(atPath: self.folder.path)
        #expect(names.count == 3)

        let ca = self.path("client-ca.pem")
        let leaf = self.path("client.pem")
        let good = try await self.openSSL(
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-CAfile",
            ca,
            leaf
        )
        #expect(good.status == 0, "\(good)")
        let asServer = try await self.openSSL(
            "verify",
            "-purpose",
            "sslserver",
            "-CAfile",
            ca,
            leaf
        )
        #expect(asServer.status != 0)
        let text = try await self.openSSL(
            "x509",
            "-in",
            leaf,
            "-noout",
            "-ext",
            "basicConstraints,extendedKeyUsage"
        ).standardOutput
        #expect(text.contains("Basic Constraints: critical"))
        #expect(text.contains("CA:FALSE"))
        #expect(text.contains("TLS Web Client Authentication"))
        #expect(!text.contains("Server"))
        let ends = try await self.openSSL("x509", "-in", leaf, "-noout", "-checkend", "7689600")
        #expect(ends.status == 0)
        let later = try await self.openSSL("x509", "-in", leaf, "-noout", "-checkend", "7862400")
        #expect(later.status == 1)
    }

    @Test
    func nothingIsOverwrittenUnlessItIsSaid() async throws {
        #expect(try await self.create("--common-name", "one").status == 0)
        let before = try self.contents("client.pem")
        unsafe unlink(self.path("client.key"))
        let refused = try await self.create("--common-name", "two")
        #expect(refused.status == 73)
        #expect(refused.standardError.contains(self.path("client.pem")))
        #expect(try self.contents("client.pem") == before)
        #expect(self.mode("client.key") == nil)
        #expect(try await self.create("--common-name", "two", "--force").status == 0)
        let shown = try await self.show(
            self.path("client.pem"),
            "--key",
            self.path("client.key"),
            "--json"
        )
        #expect(shown.status == 0, "\(shown)")
        #expect(try self.report(shown).common_name == "two")
    }

    @Test(arguments: EtcdVersion.allCases)
    func charmedEtcdTakesTheCertificateItself(version: EtcdVersion) async throws {
        #expect(try await self.create("--common-name", "app-x").status == 0)
        try await withCharmedEtcd(version, []) { charmed in
            try await charmed.trust(certificate: self.path("client.pem"))
            try await charmed.grant(LockFixture.clusterPrefix, to: "app-x")
            let output = try await RollingLockTool.run([
                "run", "--cluster-id", "blue", "--unit", "x/0", "--endpoints",
                charmed.etcd.endpoint, "--cacert", charmed.serverAuthority,
                "--cert", self.path("client.pem"), "--key", self.path("client.key"), "--",
                "true",
            ])
            #expect(output.status == 0, "\(output)")
        }
    }

    @Test(arguments: ["p256", "p384", "rsa3072"])
    func aKeptAuthorityIssuesForEveryUnit(kind: String) async throws {
        let made = try await self.create("--name", "own", "--keep-ca-key", "--key-type", kind)
        #expect(made.status == 0, "\(made)")
        #expect(self.mode("own-ca.key") == 0o600)
        let unit = try await self.create(
            "--name",
            "unit",
            "--common-name",
            "unit-0",
            "--ca",
            self.path("own-ca.pem"),
            "--ca-key",
            self.path("own-ca.key"),
            "--key-type",
            kind
        )
        #expect(unit.status == 0, "\(unit)")
        let verified = try await self.openSSL(
            "verify",
            "-purpose",
            "sslclient",
            "-CAfile",
            self.path("own-ca.pem"),
            self.path("unit.pem"),
            self.path("own.pem")
        )
        #expect(verified.status == 0, "\(verified)")
        // A client's certificate issues none.
        let chained = try await self.create(
            "--name",
            "chained",
            "--ca",
            self.path("unit.pem"),
            "--ca-key",
            self.path("unit.key")
        )
        #expect(chained.status == 78)
        #expect(self.mode("chained.pem") == nil)
    }

    @Test
    func whatNoClientCanUseIsSaid() async throws {
        let certificates = try TestCertificates.make(in: self.folder.path)
        let expired = try certificates.issueClient("late", validity: .expired)
        let late = try await self.show(expired.certificate, "--json")
        #expect(late.status == 78)
        let findings = try self.report(late).findings ?? []
        #expect(findings.filter { $0.verdict == "failed" }.map(\.check) == ["dates"])
        #expect(findings.filter { $0.status != 0 }.map(\.status) == [78])

        let server = try certificates.authority.issue(
            .init(commonName: "server", usage: .server)
        )
        let files = try certificates.write(server, named: "other")
        let wrong = try await self.show(files.certificate)
        #expect(wrong.status == 78)
        #expect(wrong.standardOutput.contains("not for clients"))
        let mixed = try await self.show(certificates.client, "--key", files.key)
        #expect(mixed.status == 78)
        #expect(mixed.standardOutput.contains("belongs to another certificate"))
        #expect(
            try await self.show(certificates.client, "--key", certificates.clientKey).status == 0
        )
        #expect(try await self.show("/no/such/file").status == 78)
        #expect(try await self.show(certificates.clientKey).status == 78)
    }

    @Test(
        arguments: [
            ["--days", "0"], ["--common-name", ""],
            ["--common-name", String(repeating: "x", count: 65)],
            ["--ca", "ca.pem"], ["--name", "a/b"], ["--key-type", "dsa"],
        ]
    )
    func whatMakesNoSenseIsRefused(_ options: [String]) async throws {
        let output = try await RollingLockTool.run(
            ["certificate", "create", "--directory", self.folder.path] + options
        )
        #expect(output.status == 64, "\(output)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: self.folder.path) == [])
    }
}
