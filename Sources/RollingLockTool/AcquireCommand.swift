// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import ProcessControl
import RollingLock

/// `rolling-lock acquire --detach`: a lock that is held without a process.
struct AcquireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acquire",
        abstract: "Waits for the lock and leaves it held, for an operation such as a reboot.",
        discussion: """
            The lock stays held when this command ends, through a reboot too, until resume or \
            release is called on this machine, or until --hold-ttl has passed: so long all others \
            wait for a machine that does not come back. Choose it longer than the operation can \
            take. What is held is written down in the state folder before it is so.

            Called again, it finds what it holds: the same place and fencing token, for another \
            --hold-ttl. If the lock was lost meanwhile that is told, and a new place is taken. \
            While it waits it has a place like any other process: killed, it gives the place up. A \
            place is not detached, for its turn would come with nobody there to use it.

            EXAMPLES:
              rolling-lock acquire --cluster-id blue --detach --hold-ttl 20m && reboot
              rolling-lock resume --cluster-id blue -- ./wait-until-healthy
              rolling-lock release --cluster-id blue

            EXIT STATUS:
              0     held            64  wrong arguments       69  etcd is unavailable
              75    not granted within --timeout              77  etcd or TLS denied access
              78    a setting, a file or the state folder is unusable
              79    the lock was lost before it could be detached
              82    another rolling-lock works on this unit's lock
              128+n ended by signal n while it waited
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions

    @Flag(help: "Leave the lock held when this command ends; without it use run.")
    var detach = false

    @Option(
        help: ArgumentHelp(
            "How long the lock stays held if nobody comes back for it.",
            valueName: "duration"
        )
    )
    var holdTTL = DurationArgument(.seconds(1200))

    @Option(
        help: ArgumentHelp(
            "How long the place survives a unit that died while it waited. At least 2s.",
            valueName: "duration"
        )
    )
    var ttl = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp(
            "How long to wait for the lock (default: for ever).",
            valueName: "duration"
        )
    )
    var timeout: DurationArgument?

    @Option(help: ArgumentHelp("Why the lock is wanted, shown to the others.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Sharing") var sharing: SharingOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        try await LockSession.run(
            self.lockOptions,
            self.output,
            waitingLimit: self.timeout?.duration
        ) { try await self.run(in: $0) }
    }

    private func run(in session: LockSession) async throws -> Int32 {
        guard self.detach else {
            throw ToolFailure.usage(
                "acquire leaves the lock held without a process, so it wants --detach; to hold it "
                    + "while a command runs, use: rolling-lock run … -- <command>"
            )
        }
        guard self.holdTTL.duration >= .seconds(2), self.ttl.duration >= .seconds(2) else {
            throw ToolFailure.usage("--hold-ttl and --ttl must be at least 2s")
        }
        let directory = try self.state.directory(
            self.lockOptions,
            unit: session.unit,
            environment: session.environment
        )
        try directory.make()
        let guardLock = try directory.lockHold()
        defer { withExtendedLifetime(guardLock) {} }
        let recorded = try HoldRecord.read(in: directory)
        return try await session.withLock(
            self.connection,
            ttl: self.ttl.duration,
            sharing: self.sharing
        ) { lock in
            let hold = DetachedHold(lock: lock, directory: directory, reporter: session.reporter)
            if let recorded {
                do {
                    try await hold.extend(recorded, ttl: self.holdTTL.duration)
                    return 0
                } catch let error as RollingLockError where error.code == .lost {
                    try HoldRecord.remove(in: directory)
                    session.reporter.report(.lost) {
                        $0.reason = "it was recorded as held, and is not; asking for it anew"
                    }
                }
            }
            try await session.checkThatItIsNotInside(lock)
            return try await self.acquire(hold, in: session)
        }
    }

    private func acquire(_ detached: DetachedHold, in session: LockSession) async throws -> Int32 {
        let router = SignalRouter()
        let inbox = SignalInbox(SignalRouter.signals)
        // Unstructured, because it listens beside everything that follows.
        let listening = Task { for await signal in inbox.signals { router.received(signal) } }
        defer { listening.cancel() }
        let observer = WaitObserver(lock: detached.lock, reporter: session.reporter)
        let asked = ContinuousClock.now
        let acquiring = Task {
            let hold = try await detached.lock.acquire(
                mode: self.sharing.mode,
                reason: self.reason,
                timeout: self.timeout?.duration
            ) { observer.show($0) }
            do {
                try await detached.detach(
                    hold,
                    ttl: self.holdTTL.duration,
                    reason: self.reason,
                    waited: ContinuousClock.now - asked
                )
            } catch {
                // With a record somebody may come back for it; without one nobody can.
                if try HoldRecord.read(in: detached.directory) == nil {
                    _ = try? await Task { try await hold.release() }.value
                }
                throw error
            }
        }
        router.whileWaiting { acquiring.cancel() }
        do {
            try await acquiring.value
            return 0
        } catch {
            guard error is CancellationError, let signal = router.endedBy else { throw error }
            return session.interrupted(by: signal)
        }
    }
}
