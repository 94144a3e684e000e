// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// What `rolling-lock doctor` finds.
@Suite(.hangLimit)
struct DoctorCommandTests {
    private struct Report: Decodable {
        struct Finding: Decodable {
            var check: String
            var verdict: String
            var text: String
            var status: Int32
        }

        var findings: [Finding]

        func verdict(_ check: String) -> String? {
            self.findings.first { $0.check == check }?.verdict
        }
    }

    private func examine(
        _ flags: [String]
    ) async throws -> (report: Report, output: ChildProcess.Output) {
        let output = try await RollingLockTool.run(
            ["doctor", "--json", "--cluster-id", "blue", "--unit", "app/0"] + flags
        )
        let data = Data(output.standardOutput.utf8)
        return (try JSONDecoder().decode(Report.self, from: data), output)
    }

    @Test(arguments: EtcdVersion.allCases)
    func anApplicationOfCharmedEtcdIsWellButForTheVersion(version: EtcdVersion) async throws {
        let applications = [
            ("app-a", LockFixture.clusterPrefix), ("app-wide", "/rollingops/"),
            ("app-c", "/rollingops/default/green/"),
        ]
        try await withCharmedEtcd(version, applications) { charmed in
            let before = await charmed.etcd.callsByService
            let (well, output) = try await self.examine(charmed.flags("app-a"))
            #expect(output.status == 0, "\(output)")
            for check in ["clock", "connection", "probe", "grant", "certificate purpose"] {
                #expect(well.verdict(check) == "ok", "\(check): \(output)")
            }
            // Both versions are older than the mend.
            #expect(well.verdict("version") == "warning")
            #expect(output.standardOutput.contains("CVE-2026-33343"))
            let after = await charmed.etcd.callsByService
            let called = Set(after.filter { before[$0.key] != $0.value }.keys)
            #expect(called == ["etcdserverpb.KV", "etcdserverpb.Lease"])
            let left = try await charmed.etcd.etcdctl(
                "get",
                "--prefix",
                "--keys-only",
                LockFixture.clusterPrefix
            )
            #expect(left == "")

            let strict = try await self.examine(charmed.flags("app-a") + ["--strict"])
            #expect(strict.output.status == 78)

            let (wide, _) = try await self.examine(charmed.flags("app-wide"))
            #expect(wide.verdict("grant") == "warning")
            #expect(wide.verdict("version") == "unknown")

            let (stranger, refusal) = try await self.examine(charmed.flags("app-c"))
            #expect(refusal.status == 77)
            #expect(stranger.verdict("connection") == "failed")
            #expect(refusal.standardOutput.contains("user app-c"))
            #expect(refusal.standardOutput.contains(LockFixture.clusterPrefix))
        }
    }

    @Test
    func whatIsWrongHereIsFoundWithoutEtcd() async throws {
        let folder = try TemporaryDirectory("doctor")
        let certificates = try TestCertificates.make(in: folder.path)
        let expired = try certificates.issueClient("late", validity: .expired)
        unsafe chmod(folder.path, 0o777)
        let (report, output) = try await self.examine([
            "--endpoints", "127.0.0.1:1", "--cacert", certificates.ca, "--cert",
            expired.certificate, "--key", expired.key, "--spool", folder.path,
        ])
        #expect(report.verdict("spool") == "failed")
        #expect(report.verdict("certificate dates") == "failed")
        #expect(report.verdict("certificate key") == "ok")
        #expect(report.verdict("clock") == "ok")
        #expect(output.status == 78)
        unsafe chmod(folder.path, 0o700)

        let (unreachable, nobody) = try await self.examine([
            "--endpoints", "127.0.0.1:1", "--spool", folder.path,
        ])
        #expect(unreachable.verdict("spool") == "ok")
        #expect(unreachable.verdict("connection") == "failed")
        #expect(nobody.status == 69)
        let plain = try await RollingLockTool.run([
            "doctor", "--cluster-id", "blue", "--endpoints", "127.0.0.1:1",
        ])
        #expect(plain.standardOutput.contains("failed   connection: "))
    }
}
