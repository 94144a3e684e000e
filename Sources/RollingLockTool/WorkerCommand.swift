// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import Glibc
import RollingLock

/// `rolling-lock worker`: does what was asked for by `rolling-lock request`.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Does what was asked for with request, each operation under the lock.",
        usage: "rolling-lock worker --cluster-id <id> [options] -- <command> [<argument> ...]",
        discussion: """
            Runs in the foreground, made for systemd; one worker per unit and lock. As soon as \
            something is asked for it takes a place in the cluster's queue, and when the lock is \
            granted it runs the command, which finds in its environment, beside what run gives: \
            ROLLING_LOCK_OPERATION, ROLLING_LOCK_SEQUENCE, ROLLING_LOCK_ATTEMPT (from 1 on) and \
            ROLLING_LOCK_ARGUMENT_FILE (empty without an argument). JUJU_CONTEXT_ID is removed from \
            it. What the command ends with decides:

              0      done; the lock is released, and nothing is kept of the operation
              75     try again later: the lock is released and this unit queues at the end
              76     try again soon and keep the lock
              other  as 75

            A --post-check that does not say yes in time counts as status 80, hence as 75.

            Before it is tried again there is a pause that doubles from --backoff to --max-backoff, \
            of which a random part is waited. An operation that has used up --max-retry or \
            --retry-deadline has failed: rolling-lock requests shows it until it is forgotten, and \
            the next one begins. The operations of a unit are done in the order in which they were \
            asked for: one that waits to be tried again holds up those behind it.

            On SIGTERM it gives up its place, or passes the signal to the command and waits for \
            that; what was not done by then stays in the spool, and the attempt does not count. If \
            the worker or the machine dies in the middle of an operation, the next worker runs it \
            again, with ROLLING_LOCK_INTERRUPTED=1, for nobody can know how far it came: an \
            operation must bear being repeated. That attempt counts. With --on-interrupted fail it \
            is kept as failed instead. Before another unit, or the next worker, gets the lock, the \
            command of the dead one has been killed.

            EXAMPLES:
              rolling-lock worker --cluster-id blue -- /usr/lib/app/operate
              rolling-lock worker --cluster-id blue --max-retry 5 --max-hold 30m \\
                --post-check 'app-ctl healthy' --min-healthy 30s -- /usr/lib/app/operate
              rolling-lock worker --cluster-id blue -- ./dispatch-hook

            The documentation has such a ./dispatch-hook, which runs a Juju hook by juju-exec.

            EXIT STATUS:
              0        stopped by a signal or by leave
              64       wrong arguments
              78       a setting, a file or the state folder is unusable
              82       another worker runs for this unit and lock
              126, 127 the command cannot be executed, is not found
              An etcd that is unavailable or denies access is told and asked again.
            """
    )

    enum InterruptedPolicy: String, ExpressibleByArgument {
        case retry, fail
    }

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions

    @Option(
        help: ArgumentHelp(
            "How long the lock survives a unit that died. At least 2s.",
            valueName: "duration"
        )
    )
    var ttl = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp(
            "Why the lock is wanted, shown to the others (default: the operation's name).",
            valueName: "text"
        )
    )
    var reason: String?

    @Option(
        help: ArgumentHelp(
            "The time between SIGTERM and SIGKILL when the lock is lost (default: ttl / 6).",
            valueName: "duration"
        )
    )
    var stopGrace: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "How often an operation is tried again at most (default: for ever).",
            valueName: "count"
        )
    )
    var maxRetry: Int?

    @Option(
        help: ArgumentHelp(
            "For how long it is tried again, from its first attempt on (default: for ever).",
            discussion: "The time in which the machine is down does not count.",
            valueName: "duration"
        )
    )
    var retryDeadline: DurationArgument?

    @Option(
        help: ArgumentHelp("The pause after the first attempt.", valueName: "duration")
    )
    var backoff = DurationArgument(.seconds(5))

    @Option(help: ArgumentHelp("The longest pause.", valueName: "duration"))
    var maxBackoff = DurationArgument(.seconds(300))

    @Option(
        help: ArgumentHelp(
            "How long one grant may be used, tries with status 76 included (default: no limit).",
            discussion: "A command that is not done by then is stopped and tried again later.",
            valueName: "duration"
        )
    )
    var maxHold: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "What becomes of an operation whose worker died: retry or fail.",
            valueName: "what"
        )
    )
    var onInterrupted = InterruptedPolicy.retry

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
        try await LockSession.run(self.lockOptions, self.output) { try await self.run(in: $0) }
    }

    private func run(in session: LockSession) async throws -> Int32 {
        let grace = try StopGrace.checked(self.stopGrace?.duration, ttl: self.ttl.duration)
        let settings = Worker.Settings(
            policy: try self.policy(),
            maxHold: self.maxHold?.duration,
            stopGrace: grace,
            reason: self.reason,
            retriesInterrupted: self.onInterrupted == .retry,
            gate: try self.health.gate(stopGrace: grace),
            mode: self.sharing.mode,
            freezesAfter: self.failures.freezesAfter
        )
        let command = try ChildCommand(
            words: self.command,
            searchPath: session.environment["PATH"]
        )
        // It belongs to the hook in which somebody may have started this worker.
        unsafe unsetenv("JUJU_CONTEXT_ID")
        let directory = try self.state.directory(
            self.lockOptions,
            unit: session.unit,
            environment: session.environment
        )
        let spool = Spool(directory.spoolPath)
        try spool.make()
        guard let workerLock = try spool.lockWorker() else {
            throw ToolFailure(
                status: ExitStatus.busy,
                message: "another worker runs for unit \(session.unit) and lock "
                    + "\(self.lockOptions.lock); stop it first"
            )
        }
        defer { withExtendedLifetime(workerLock) {} }
        guard !spool.isLeaving else {
            throw ToolFailure(
                status: ExitStatus.busy,
                message: "this unit is leaving: finish rolling-lock leave first"
            )
        }
        return try await session.withLock(
            self.connection,
            ttl: self.ttl.duration,
            sharing: self.sharing
        ) { lock in
            try await Worker(
                spool: spool,
                lock: lock,
                session: session,
                command: command,
                settings: settings
            ).run()
            return 0
        }
    }

    private func policy() throws -> RetryPolicy {
        guard self.maxRetry ?? 0 >= 0 else {
            throw ToolFailure.usage("--max-retry must not be negative")
        }
        guard self.backoff.duration > .zero, self.maxBackoff.duration >= self.backoff.duration
        else {
            throw ToolFailure.usage("--backoff must be more than zero, --max-backoff not less")
        }
        return RetryPolicy(
            maxRetry: self.maxRetry,
            retryDeadline: self.retryDeadline?.duration,
            firstPause: self.backoff.duration,
            longestPause: self.maxBackoff.duration
        )
    }
}
