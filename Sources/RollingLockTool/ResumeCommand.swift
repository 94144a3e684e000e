// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import ProcessControl
import RollingLock

/// `rolling-lock resume`: comes back to a detached lock.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Comes back to the lock that acquire --detach left held, after a reboot perhaps.",
        usage: "rolling-lock resume --cluster-id <id> [options] [-- <command> [<argument> ...]]",
        discussion: """
            With a command the lock is taken over by this process and renewed, the command runs as \
            with run, and the lock is released when it ends, whatever its status. It finds what \
            run gives in its environment, and ROLLING_LOCK_REBOOTED=1 if the machine was booted \
            since. Without a command it is verified that the lock is still held, which it then is \
            for another --hold-ttl.

            The ticket is recognised by its create revision, its lease and the ID of etcd's \
            cluster: what another process has taken over, or an etcd restored from a backup shows, \
            is not taken for it.

            EXAMPLES:
              rolling-lock resume --cluster-id blue -- ./wait-until-healthy
              rolling-lock resume --cluster-id blue && rolling-lock release --cluster-id blue

            EXIT STATUS:
              0-125    the command's own status; 0 without one: the lock is held
              64       wrong arguments, or another process has taken the lock over
              66       nothing is recorded as held (nothing was run)
              69       etcd is unavailable (nothing was run)
              77       etcd or TLS denied access (nothing was run)
              78       a setting, a file or the state folder is unusable (nothing was run)
              79       the lock was lost, before or while the command ran
              82       another rolling-lock works on this unit's lock (nothing was run)
              126, 127 the command cannot be executed, is not found (nothing was run)
              128+n    ended by signal n
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions

    @Option(
        help: ArgumentHelp(
            "How long the lock stays held if no command is given (default: as it was acquired).",
            valueName: "duration"
        )
    )
    var holdTTL: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "How long the lock survives this machine while the command runs. At least 2s.",
            valueName: "duration"
        )
    )
    var ttl = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp(
            "The time between SIGTERM and SIGKILL when the lock is lost (default: ttl / 6).",
            valueName: "duration"
        )
    )
    var stopGrace: DurationArgument?

    @OptionGroup(title: "Failures") var failures: FailureOptions
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
        let command =
            self.command.isEmpty
            ? nil
            : try ChildCommand(words: self.command, searchPath: session.environment["PATH"])
        let directory = try self.state.directory(
            self.lockOptions,
            unit: session.unit,
            environment: session.environment
        )
        guard directory.exists else { throw Self.nothingRecorded }
        let guardLock = try directory.lockHold()
        defer { withExtendedLifetime(guardLock) {} }
        guard let recorded = try HoldRecord.read(in: directory) else { throw Self.nothingRecorded }
        return try await session.withLock(self.connection, ttl: self.ttl.duration) { lock in
            let detached = DetachedHold(
                lock: lock,
                directory: directory,
                reporter: session.reporter
            )
            do {
                guard let command else {
                    try await detached.extend(
                        recorded,
                        ttl: self.holdTTL?.duration ?? .seconds(recorded.record.ttlSeconds)
                    )
                    return 0
                }
                return try await self.run(command, detached, recorded, grace, session)
            } catch let error as RollingLockError where error.code == .lost {
                try HoldRecord.remove(in: directory)
                throw error
            }
        }
    }

    private func run(
        _ command: ChildCommand,
        _ detached: DetachedHold,
        _ recorded: (record: HoldRecord, ticket: RollingLockDetachedTicket),
        _ grace: Duration,
        _ session: LockSession
    ) async throws -> Int32 {
        let router = SignalRouter()
        let inbox = SignalInbox(SignalRouter.signals)
        // Unstructured, because it listens beside everything that follows.
        let listening = Task { for await signal in inbox.signals { router.received(signal) } }
        defer { listening.cancel() }
        let hold = try await detached.adopt(recorded, stopGrace: grace)
        let granted = ContinuousClock.now
        let work = HeldWork(
            hold: hold,
            session: session,
            stopGrace: grace,
            router: router,
            freezesAfter: self.failures.freezesAfter
        )
        var variables: [String: String] = [:]
        if recorded.record.bootID != BootID.current { variables["ROLLING_LOCK_REBOOTED"] = "1" }
        let outcome: HeldWork.Outcome
        do {
            outcome = try await work.run(command, variables: variables)
        } catch {
            try? await work.release(since: granted)
            try HoldRecord.remove(in: detached.directory)
            throw error
        }
        switch outcome {
        case .interrupted(let signal):
            // Nothing was run: whoever calls again finds the lock held.
            return try await self.leaveHeld(hold, detached, recorded, session, signal)
        case .overdue:
            // It was given no limit.
            preconditionFailure("a command without a limit was overdue")
        case .lost(let reason):
            try? await work.release(since: granted)
            try HoldRecord.remove(in: detached.directory)
            throw HeldWork.lost(reason)
        case .finished(let status):
            // Whether or not etcd confirms: its own lease ends this ticket now.
            try HoldRecord.remove(in: detached.directory)
            try await work.release(
                since: granted,
                .finished(status, operation: recorded.record.reason)
            )
            return status
        }
    }

    /// A signal came before the command was started: the lock stays held without this process.
    private func leaveHeld(
        _ hold: RollingLockHold,
        _ detached: DetachedHold,
        _ recorded: (record: HoldRecord, ticket: RollingLockDetachedTicket),
        _ session: LockSession,
        _ signal: Int32
    ) async throws -> Int32 {
        try await detached.detach(
            hold,
            ttl: self.holdTTL?.duration ?? .seconds(recorded.record.ttlSeconds),
            reason: recorded.record.reason,
            waited: .zero
        )
        return session.interrupted(by: signal)
    }

    private static var nothingRecorded: ToolFailure {
        ToolFailure(
            status: ExitStatus.nothingRecorded,
            message: "nothing is recorded as held by this unit; take the lock with "
                + "rolling-lock acquire --detach, and say the same --state-dir"
        )
    }
}
