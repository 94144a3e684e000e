// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// How `rolling-lock` finds etcd, and what it says when that fails.
@Suite(.hangLimit)
struct ToolConnectionTests {
    private let run = ["run", "--cluster-id", "blue", "--unit", "app/0"]
    private let command = ["--", "true"]

    private func withMutualTLS(
        _ body: (EtcdProcess, TestCertificates) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory("certificates")
        let certificates = try TestCertificates.make(in: folder.path)
        let tls = EtcdProcess.TLS(
            certificate: certificates.server,
            privateKey: certificates.serverKey,
            certificateAuthority: certificates.ca,
            clientAuthority: certificates.ca
        )
        try await withEtcd(.v3_5, .init(tls: tls)) { try await body($0, certificates) }
        folder.remove()
    }

    private func writeConfig(
        _ fields: [String: Any],
        in folder: String
    ) throws -> String {
        let path = folder + "/etcdctl.json"
        try JSONSerialization.data(withJSONObject: fields).write(to: URL(filePath: path))
        return path
    }

    /// The endpoints of the file are replaced and the old ones go, under a waiter and a holder.
    @Test
    func newEndpointsAreTakenFromTheFileWhileWaitingAndHolding() async throws {
        let folder = try TemporaryDirectory("config")
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let old = try FaultProxy(to: etcd.port)
            let new = try FaultProxy(to: etcd.port)
            let config = try self.writeConfig(
                ["endpoints": "http://127.0.0.1:\(old.port)"],
                in: folder.path
            )
            let first = try await tool.startHolding(unit: "app/0")
            let run = self.run.dropLast(1) + ["app/1", "--config", config, "--ttl", "3s"]
            let second = try await RollingLockTool.start(
                run + ["--", "sh", "-c", "echo held; sleep 8; echo done"]
            )
            try await second.says("held by app/0")
            // Half a file first.
            try "{\"endpoints\": \"http://127".write(
                toFile: config,
                atomically: false,
                encoding: .utf8
            )
            try await Task.sleep(for: .seconds(2))
            _ = try self.writeConfig(
                ["endpoints": "http://127.0.0.1:\(new.port)"],
                in: folder.path
            )
            try await Task.sleep(for: .seconds(2))
            old.close()
            first.signal(SIGTERM)
            try await second.says("held\n")
            let newest = try FaultProxy(to: etcd.port)
            _ = try self.writeConfig(
                ["endpoints": ["http://127.0.0.1:\(newest.port)"]],
                in: folder.path
            )
            try await Task.sleep(for: .seconds(2))
            new.close()
            let output = await second.wait()
            #expect(output.status == 0, "\(output)")
            #expect(output.standardOutput == "held\ndone\n")
            _ = await first.wait()
        }
        folder.remove()
    }

    @Test
    func theFileOfCharmlibsIsUnderstood() async throws {
        try await self.withMutualTLS { etcd, certificates in
            // Endpoints without scheme, as charmed-etcd hands them out; a list or one text.
            let endpoint = "127.0.0.1:\(etcd.port)"
            for endpoints in [endpoint as Any, [endpoint] as Any, "\(endpoint),127.0.0.1:1" as Any]
            {
                let config = try self.writeConfig(
                    [
                        "endpoints": endpoints, "cacert_path": certificates.ca,
                        "cert_path": certificates.client, "key_path": certificates.clientKey,
                        "something_new": ["a": 1],
                    ],
                    in: certificates.directory
                )
                let output = try await RollingLockTool.run(
                    self.run + ["--config", config] + self.command
                )
                #expect(output.status == 0, "\(output)")
            }
        }
    }

    @Test
    func theVariablesOfEtcdctlAreUnderstoodAndFlagsWin() async throws {
        try await self.withMutualTLS { etcd, certificates in
            var variables = [
                "ETCDCTL_ENDPOINTS": "127.0.0.1:\(etcd.port)", "ETCDCTL_CACERT": certificates.ca,
                "ETCDCTL_CERT": certificates.client, "ETCDCTL_KEY": certificates.clientKey,
                "ETCDCTL_DIAL_TIMEOUT": "2s", "ETCDCTL_COMMAND_TIMEOUT": "1m30s",
                "JUJU_UNIT_NAME": "app/7",
            ]
            let arguments = ["run", "--cluster-id", "blue"]
            let output = try await RollingLockTool.run(
                arguments + ["--", "sh", "-c", "echo $ROLLING_LOCK_UNIT"],
                environment: variables
            )
            #expect(output.status == 0, "\(output)")
            #expect(output.standardOutput == "app/7\n")

            variables["ETCDCTL_ENDPOINTS"] = "127.0.0.1:1"
            let refused = try await RollingLockTool.run(
                arguments + self.command,
                environment: variables
            )
            #expect(refused.status == 69)
            let flag = ["--endpoints", "https://127.0.0.1:\(etcd.port)"]
            let mended = try await RollingLockTool.run(
                arguments + flag + self.command,
                environment: variables
            )
            #expect(mended.status == 0, "\(mended)")
        }
    }

    @Test
    func aKeyThatOthersCanReadIsRefusedWithTheCommandThatMendsIt() async throws {
        try await self.withMutualTLS { etcd, certificates in
            unsafe chmod(certificates.clientKey, 0o644)
            let output = try await RollingLockTool.run(
                self.run + [
                    "--endpoints", etcd.endpoint, "--cacert", certificates.ca,
                    "--cert", certificates.client, "--key", certificates.clientKey,
                ] + self.command
            )
            #expect(output.status == 78)
            #expect(output.standardError.contains("chmod 600 \(certificates.clientKey)"))
        }
    }

    @Test
    func aMissingClientCertificateIsDenied() async throws {
        try await self.withMutualTLS { etcd, certificates in
            let output = try await RollingLockTool.run(
                self.run + ["--endpoints", etcd.endpoint, "--cacert", certificates.ca]
                    + self.command
            )
            #expect(output.status == 77, "\(output)")
            #expect(output.standardError.contains(etcd.endpoint))
        }
    }

    @Test
    func aPasswordIsTakenFromFileOrEnvironmentAndNeverShown() async throws {
        try await withEtcd(.v3_5) { etcd in
            try await etcd.etcdctl("user", "add", "root:open-sesame")
            try await etcd.etcdctl("user", "add", "nobody:open-sesame")
            try await etcd.etcdctl("user", "grant-role", "root", "root")
            try await etcd.etcdctl("auth", "enable")
            let arguments = self.run + ["--endpoints", etcd.endpoint, "--verbose"]
            let file = etcd.folder + "/password"
            try TestCertificates.writeFile("open-sesame\n", to: file, mode: 0o600)

            let byFile = try await RollingLockTool.run(
                arguments + ["--user", "root", "--password-file", file] + self.command
            )
            #expect(byFile.status == 0, "\(byFile)")
            #expect(!byFile.standardError.contains("sesame"))
            let byVariable = try await RollingLockTool.run(
                arguments + self.command,
                environment: ["ETCDCTL_USER": "root:open-sesame"]
            )
            #expect(byVariable.status == 0, "\(byVariable)")

            let wrong = try await RollingLockTool.run(
                arguments + self.command,
                environment: ["ETCDCTL_USER": "root:wrong"]
            )
            #expect(wrong.status == 77, "\(wrong)")
            let powerless = try await RollingLockTool.run(
                arguments + self.command,
                environment: ["ETCDCTL_USER": "nobody:open-sesame"]
            )
            #expect(powerless.status == 77, "\(powerless)")
            #expect(!powerless.standardError.contains("sesame"))

            unsafe chmod(file, 0o640)
            let open = try await RollingLockTool.run(
                arguments + ["--user", "root", "--password-file", file] + self.command
            )
            #expect(open.status == 78)
            #expect(open.standardError.contains("chmod 600 \(file)"))
            let public_ = try await RollingLockTool.run(
                arguments + ["--user", "root:open-sesame"] + self.command
            )
            #expect(public_.status == 64)
            #expect(!public_.standardError.contains("sesame"))
        }
    }

    @Test(
        arguments: [
            (["--endpoints", "127.0.0.1:1"], 69, "127.0.0.1:1"),
            (["--endpoints", "nowhere.invalid:2379"], 69, "nowhere.invalid"),
            (["--endpoints", "http://"], 78, "http://"),
            (["--config", "/no/such/file"], 78, "/no/such/file"),
            (["--cacert", "/no/such/ca.pem"], 78, "/no/such/ca.pem"),
            (["--cert", "/no/such/cert.pem"], 78, "--key"),
            (["--user", "root"], 78, "--password-file"),
            (["--ttl", "1s"], 64, "--ttl"),
            (["--ttl", "soon"], 64, "--ttl"),
            (["--ttl", "30s", "--stop-grace", "20s"], 64, "--stop-grace"),
            (["--cluster-id", ""], 64, "cluster"),
            (["--root", "relative"], 64, "root"),
            (["--json", "--quiet"], 64, "--quiet"),
        ] as [([String], Int32, String)]
    )
    func whatIsWrongIsNamed(_ options: [String], _ status: Int32, _ culprit: String) async throws {
        let output = try await RollingLockTool.run(self.run + options + self.command)
        #expect(output.status == status, "\(output)")
        #expect(output.standardError.contains(culprit))
    }

    @Test
    func aBrokenConfigurationFileIsNamedWithItsFault() async throws {
        let folder = try TemporaryDirectory("config")
        let path = try self.writeConfig(["endpoints": 7], in: folder.path)
        let wrongType = try await RollingLockTool.run(
            self.run + ["--config", path] + self.command
        )
        #expect(wrongType.status == 78)
        #expect(wrongType.standardError.contains("endpoints"))
        try Data("{".utf8).write(to: URL(filePath: path))
        let noJSON = try await RollingLockTool.run(self.run + ["--config", path] + self.command)
        #expect(noJSON.status == 78)
        #expect(noJSON.standardError.contains(path))
    }

    @Test(arguments: [
        "", "run", "status", "history", "cancel", "evict", "verify", "doctor", "cluster-id new",
        "certificate create", "certificate show",
    ])
    func helpNamesExamplesAndStatuses(_ subcommand: String) async throws {
        let arguments = subcommand.split(separator: " ").map(String.init) + ["--help"]
        let help = try await RollingLockTool.run(arguments)
        #expect(help.status == 0)
        #expect(help.standardOutput.contains("EXAMPLES:"))
        #expect(help.standardOutput.contains("EXIT STATUS:"))
        #expect(!help.standardOutput.contains("guard"))
    }
}
