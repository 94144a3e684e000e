// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import FoundationEssentials
import RollingLock
import Synchronization

/// `rolling-lock status`: who holds, who waits.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows who holds the lock and who waits for it.",
        discussion: """
            PLACE is the number of tickets ahead; STATE says who holds the lock. SINCE and AGE go by \
            the wall clock of the unit that wrote the ticket. Below the table: how many may hold \
            the lock together, why it is frozen, and who came to an unclean end.

            EXAMPLES:
              rolling-lock status --cluster-id blue
              rolling-lock status --cluster-id blue --json | jq '.tickets[0].unit'
              rolling-lock status --cluster-id blue --follow

            EXIT STATUS:
              0   shown     64  wrong arguments      69  etcd is unavailable
              77  denied    78  a connection setting or file is unusable
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    @Flag(help: "Go on and show every change: live on a terminal, as lines elsewhere.")
    var follow = false

    func run() async throws {
        do {
            let environment = ProcessInfo.processInfo.environment
            let client = try EtcdClient.connecting(by: self.connection, environment: environment)
            let following = client.follow(self.connection, environment: environment)
            defer { following?.cancel() }
            let lock = try RollingLock(
                client: client,
                configuration: .init(
                    root: self.lockOptions.root,
                    clusterID: self.lockOptions.clusterID,
                    name: self.lockOptions.lock,
                    unit: try self.lockOptions.resolvedUnit(environment: environment)
                )
            )
            if self.follow {
                try await self.follow(lock)
            } else {
                self.show(try await lock.queue())
            }
            await lock.shutdown()
            await client.shutdown()
        } catch {
            let failure = ToolFailure(error)
            StandardStream.error.write("rolling-lock: \(failure.message)\n")
            throw ExitCode(failure.status)
        }
    }

    private func show(_ queue: RollingLockQueue) {
        let report = QueueReport(queue, lock: self.lockOptions.lock)
        StandardStream.output.write(self.json ? JSONText.line(report) + "\n" : report.table)
    }

    private func follow(_ lock: RollingLock) async throws {
        if !self.json && StandardStream.output.isTerminal {
            try await LiveStatus(lock: self.lockOptions.lock).show(lock.queueUpdates())
            return
        }
        for try await queue in lock.queueUpdates() {
            let report = QueueReport(queue, lock: self.lockOptions.lock)
            let line = self.json ? JSONText.line(report) : report.line
            // Nobody reads any more: nothing is left to do.
            guard StandardStream.output.write(line + "\n") else { return }
        }
    }
}
