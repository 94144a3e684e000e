// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import FoundationEssentials
import Logging
import ProcessControl
import RollingLock

/// `rolling-lock run`: a command under the lock.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Waits for the lock and runs a command while it is held.",
        usage: "rolling-lock run --cluster-id <id> [options] -- <command> [<argument> ...]",
        discussion: """
            The command runs without a shell, in a process group of its own, on this terminal \
            or these pipes. SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on \
            to that group; while waiting, the first four give up the place in the queue. The lock \
            is released when the command ends, whatever its status; processes that it leaves \
            behind are not waited for.

            If the lease cannot be renewed or the ticket is deleted, the group gets SIGTERM, \
            --stop-grace later SIGKILL, so that it is dead before another unit gets the lock. \
            That holds also when rolling-lock itself is killed or stopped.

            The command finds in its environment: ROLLING_LOCK_NAME, ROLLING_LOCK_CLUSTER_ID, \
            ROLLING_LOCK_UNIT, ROLLING_LOCK_KEY (the ticket), ROLLING_LOCK_LEASE (hexadecimal), \
            ROLLING_LOCK_FENCING_TOKEN (grows from holder to holder).

            EXAMPLES:
              rolling-lock run --cluster-id blue -- systemctl restart app
              rolling-lock run --cluster-id blue --timeout 10m -- ./upgrade.sh
              rolling-lock run --cluster-id blue --config etcdctl.json -- \\
                sh -c 'systemctl restart app && ./wait-until-healthy'

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions

    @Option(
        help: ArgumentHelp(
            "How long the lock survives a unit that died.",
            discussion: "A new holder then goes on after this time. At least 2s.",
            valueName: "duration"
        )
    )
    var ttl = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp(
            "How long to wait for the lock; the command is not run after that (default: for ever).",
            valueName: "duration"
        )
    )
    var timeout: DurationArgument?

    @Option(help: ArgumentHelp("Why the lock is wanted, shown to the others.", valueName: "text"))
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "The time between SIGTERM and SIGKILL when the lock is lost (default: ttl / 6).",
            discussion: "At most a third of --ttl: it is taken from the time left to the lease.",
            valueName: "duration"
        )
    )
    var stopGrace: DurationArgument?

    @OptionGroup(title: "Connection") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command and its arguments, after --.", valueName: "command")
    )
    var command: [String] = []

    func run() async throws {
        self.output.bootstrapLogging()
        let environment = ProcessInfo.processInfo.environment
        let status: Int32
        do {
            let unit = try self.lockOptions.resolvedUnit(environment: environment)
            let reporter = EventReporter(
                style: self.output.style,
                lock: self.lockOptions.lock,
                unit: unit
            )
            do {
                status = try await self.run(
                    unit: unit,
                    environment: environment,
                    reporter: reporter
                )
            } catch {
                let failure = ToolFailure(error, waitingLimit: self.timeout?.duration)
                reporter.report(.failed) {
                    $0.status = failure.status
                    $0.reason = failure.message
                }
                await reporter.finish()
                throw ExitCode(failure.status)
            }
            await reporter.finish()
        } catch let failure as ToolFailure {
            StandardStream.error.write("rolling-lock: \(failure.message)\n")
            throw ExitCode(failure.status)
        }
        throw ExitCode(status)
    }

    private func run(
        unit: String,
        environment: [String: String],
        reporter: EventReporter
    ) async throws -> Int32 {
        let grace = try self.checkedStopGrace()
        let command = try ChildCommand(words: self.command, searchPath: environment["PATH"])
        let client = try EtcdClient.connecting(by: self.connection, environment: environment)
        let lock = try RollingLock(
            client: client,
            configuration: .init(
                root: self.lockOptions.root,
                clusterID: self.lockOptions.clusterID,
                name: self.lockOptions.lock,
                unit: unit,
                leaseTTL: self.ttl.duration
            )
        )
        let turn = Turn(
            lock: lock,
            lockOptions: self.lockOptions,
            unit: unit,
            command: command,
            stopGrace: grace,
            reporter: reporter
        )
        do {
            try await turn.checkThatItIsNotInside(environment: environment)
            let status = try await turn.take(
                reason: self.reason,
                timeout: self.timeout?.duration
            )
            await lock.shutdown()
            await client.shutdown()
            return status
        } catch {
            await lock.shutdown()
            await client.shutdown()
            throw error
        }
    }

    private func checkedStopGrace() throws -> Duration {
        let ttl = self.ttl.duration
        guard ttl >= .seconds(2) else {
            throw ToolFailure.usage("--ttl must be at least 2s; etcd knows no shorter lease")
        }
        guard let grace = self.stopGrace?.duration else { return ttl / 6 }
        guard grace <= ttl / 3 else {
            throw ToolFailure.usage(
                "--stop-grace must be at most a third of --ttl "
                    + "(\(DurationText.format(ttl / 3))); raise --ttl or lower it"
            )
        }
        return grace
    }
}
