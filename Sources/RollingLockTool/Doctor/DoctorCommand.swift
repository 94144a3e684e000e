// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import FoundationEssentials
import RollingLock

/// `rolling-lock doctor`: whether this unit can take part, and what threatens it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract:
            "Checks connection, certificate, permissions and version, and says what is wrong.",
        discussion: """
            Reads the queue, writes, reads and deletes a probe below the cluster's prefix, and \
            tries to read beyond it, which etcd is to refuse. Nothing is ever written outside \
            the prefix, and only etcd's KV, Watch and Lease services are called.

            Each line begins with a verdict: ok, warning, failed, or unknown.

            EXAMPLES:
              rolling-lock doctor --cluster-id blue
              rolling-lock doctor --cluster-id blue --strict --json | jq '.findings[]'

            EXIT STATUS: that of the first finding that failed
              0   none failed            64  wrong arguments      69  etcd is unavailable
              77  denied                 78  a setting, file or certificate is unusable, or,
                                             with --strict, there is a warning
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Option(
        help: ArgumentHelp("Check this spool folder, too.", valueName: "folder"),
        completion: .directory
    )
    var spool: String?

    @Flag(help: "Let warnings count as failures.")
    var strict = false

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        var lock: String
        var findings: [Finding]
    }

    func run() async throws {
        var findings = await self.examine()
        if self.strict {
            for index in findings.indices where findings[index].verdict == .warning {
                findings[index].status = ExitStatus.configuration
            }
        }
        if self.json {
            let report = Report(lock: self.lockOptions.lock, findings: findings)
            StandardStream.output.write(JSONText.line(report) + "\n")
        } else {
            StandardStream.output.write(findings.map { $0.line + "\n" }.joined())
        }
        if let status = findings.first(where: { $0.status != 0 })?.status {
            throw ExitCode(status)
        }
    }

    private func examine() async -> [Finding] {
        var findings = [LocalFindings.clock()]
        if let spool = self.spool { findings.append(LocalFindings.spool(spool)) }
        do {
            let environment = ProcessInfo.processInfo.environment
            let settings = try ConnectionSettings.gathered(
                from: self.connection,
                environment: environment
            )
            findings += LocalFindings.certificate(settings.certificateFile, settings.keyFile)
            let client = try EtcdClient.connecting(by: self.connection, environment: environment)
            do {
                let lock = try RollingLock(
                    client: client,
                    configuration: .init(
                        root: self.lockOptions.root,
                        clusterID: self.lockOptions.clusterID,
                        name: self.lockOptions.lock,
                        unit: try self.lockOptions.resolvedUnit(environment: environment)
                    )
                )
                findings += await GrantExamination(client: client, lock: lock).findings()
                await lock.shutdown()
                await client.shutdown()
            } catch {
                await client.shutdown()
                throw error
            }
        } catch {
            let failure = ToolFailure(error)
            findings.append(.failed("settings", failure.message, status: failure.status))
        }
        return findings
    }
}
