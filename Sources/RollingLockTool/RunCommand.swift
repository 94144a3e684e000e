// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
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

            With --post-check the lock is released only when this unit is well again, or when \
            --check-timeout has passed, which is a failure of its own.

            With --on-failure freeze, or after --max-failures, a failure freezes the lock, so that \
            what fails here does not fail on every unit.

            The command finds in its environment: ROLLING_LOCK_NAME, ROLLING_LOCK_CLUSTER_ID, \
            ROLLING_LOCK_UNIT, ROLLING_LOCK_KEY (the ticket), ROLLING_LOCK_LEASE (hexadecimal), \
            ROLLING_LOCK_FENCING_TOKEN (grows from holder to holder).

            EXAMPLES:
              rolling-lock run --cluster-id blue -- systemctl restart app
              rolling-lock run --cluster-id blue --timeout 10m -- ./upgrade.sh
              rolling-lock run --cluster-id blue --pre-check 'app-ctl may-restart' \\
                --post-check 'app-ctl healthy' --min-healthy 30s -- systemctl restart app
              rolling-lock run --cluster-id blue --slots 25% --units 20 --group rack1 \\
                --on-failure freeze -- systemctl restart app
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

    @OptionGroup(title: "Sharing") var sharing: SharingOptions
    @OptionGroup(title: "Failures") var failures: FailureOptions
    @OptionGroup(title: "Health") var health: HealthOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    @Argument(
        parsing: .postTerminator,
        help: ArgumentHelp("The command and its arguments, after --.", valueName: "command")
    )
    var command: [String] = []

    func run() async throws {
        try await LockSession.run(
            self.lockOptions,
            self.output,
            waitingLimit: self.timeout?.duration
        ) { try await self.run(in: $0) }
    }

    private func run(in session: LockSession) async throws -> Int32 {
        let grace = try StopGrace.checked(self.stopGrace?.duration, ttl: self.ttl.duration)
        let gate = try self.health.gate(stopGrace: grace)
        let command = try ChildCommand(
            words: self.command,
            searchPath: session.environment["PATH"]
        )
        return try await session.withLock(
            self.connection,
            ttl: self.ttl.duration,
            sharing: self.sharing
        ) { lock in
            let turn = Turn(
                lock: lock,
                mode: self.sharing.mode,
                session: session,
                command: command,
                stopGrace: grace,
                gate: gate,
                freezesAfter: self.failures.freezesAfter
            )
            try await session.checkThatItIsNotInside(lock)
            return try await turn.take(reason: self.reason, timeout: self.timeout?.duration)
        }
    }
}
