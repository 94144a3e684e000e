// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc
import ProcessControl
import RollingLock
import Synchronization

/// One turn of `run`: queue, run the command, release.
struct Turn: Sendable {
    let lock: RollingLock
    let lockOptions: LockOptions
    let unit: String
    let command: ChildCommand
    let stopGrace: Duration
    let reporter: EventReporter
    /// Set once it has been told who the holder is.
    private let holderIsTold = Flag()

    init(
        lock: RollingLock,
        lockOptions: LockOptions,
        unit: String,
        command: ChildCommand,
        stopGrace: Duration,
        reporter: EventReporter
    ) {
        self.lock = lock
        self.lockOptions = lockOptions
        self.unit = unit
        self.command = command
        self.stopGrace = stopGrace
        self.reporter = reporter
    }

    /// Refuses to wait for a lock that the caller of this process holds: it would wait for ever.
    func checkThatItIsNotInside(environment: [String: String]) async throws {
        // The variable alone proves nothing: a daemon may have inherited it long ago.
        guard let outer = environment["ROLLING_LOCK_KEY"], !outer.isEmpty else { return }
        guard try await self.lock.queue().tickets.contains(where: { $0.key.string == outer }) else {
            return
        }
        throw ToolFailure.usage(
            "this already runs under lock \(self.lockOptions.lock) and would wait for itself; "
                + "use another --lock or run the command directly"
        )
    }

    /// Waits for the lock and runs the command.
    ///
    /// - Returns: The status for this process: the command's, or why it did not run to its end.
    func take(reason: String?, timeout: Duration?) async throws -> Int32 {
        let router = SignalRouter()
        let inbox = SignalInbox(SignalRouter.signals)
        // Unstructured, because it listens beside everything that follows.
        let listening = Task { for await signal in inbox.signals { router.received(signal) } }
        defer { listening.cancel() }
        // Both are started now, so that the handoff does not wait for them.
        let guardian = try Guardian(grace: self.stopGrace)
        let child = try ChildProcess(command: self.command) { guardian.watch(over: $0) }
        do {
            let status = try await self.take(
                reason: reason,
                timeout: timeout,
                router: router,
                child: child,
                guardian: guardian
            )
            await child.abandon()
            await guardian.dismiss()
            return status
        } catch {
            await child.abandon()
            await guardian.dismiss()
            throw error
        }
    }

    private func take(
        reason: String?,
        timeout: Duration?,
        router: SignalRouter,
        child: ChildProcess,
        guardian: Guardian
    ) async throws -> Int32 {
        let asked = ContinuousClock.now
        let acquiring = Task {
            try await self.lock.acquire(reason: reason, timeout: timeout) { self.show($0) }
        }
        router.whileWaiting { acquiring.cancel() }
        let hold: RollingLockHold
        do {
            hold = try await acquiring.value
        } catch {
            guard let signal = router.endedBy else { throw error }
            return self.interrupted(by: signal)
        }
        let granted = ContinuousClock.now
        self.reporter.report(.granted) {
            $0.waited = (granted - asked).inSeconds
            $0.fencingToken = hold.fencingToken.rawValue
            $0.lease = "\(hold.leaseID)"
            $0.key = hold.key.string
        }

        guard hold.isHeld else {
            // The machine slept between the grant and now.
            try? await self.release(hold, since: granted)
            throw ToolFailure(
                status: ExitStatus.lost,
                message: "the lock was lost before the command could start; it was not run"
            )
        }
        guard router.forward(to: child) else {
            try? await self.release(hold, since: granted)
            return self.interrupted(by: router.endedBy ?? 0)
        }
        let ending: HeldRun.Ending
        do {
            ending = try await HeldRun(
                hold: hold,
                child: child,
                variables: self.variables(for: hold),
                guardian: guardian,
                stopGrace: self.stopGrace,
                reporter: self.reporter
            ).run()
        } catch {
            try? await self.release(hold, since: granted)
            throw error
        }
        switch ending {
        case .stopped(let reason):
            try? await self.release(hold, since: granted)
            throw Self.lost(reason)
        case .finished(let status):
            if status == ExitStatus.signal(SIGKILL), await guardian.dismiss() {
                // This process was stopped meanwhile, or the machine asleep.
                try? await self.release(hold, since: granted)
                throw Self.lost("the lease was not renewed in time")
            }
            try await self.release(hold, since: granted)
            return status
        }
    }

    /// Gives the lock back.
    ///
    /// - Throws: ``ToolFailure`` with status 79 when the ticket was gone already. When etcd does not
    ///   answer, the lock ends with its lease; that is told, and is no failure of the command.
    private func release(
        _ hold: RollingLockHold,
        since granted: ContinuousClock.Instant
    )
        async throws
    {
        self.reporter.report(.releasing) { $0.fencingToken = hold.fencingToken.rawValue }
        let outcome: RollingLockReleaseOutcome
        do {
            outcome = try await hold.release()
        } catch {
            self.reporter.report(.failed) {
                $0.reason =
                    "the release was not confirmed; the lock ends with its lease: "
                    + ToolFailure(error).message
            }
            return
        }
        guard outcome == .released else {
            throw ToolFailure(
                status: ExitStatus.lost,
                message: "the command ended, but the lock had been lost before"
            )
        }
        self.reporter.report(.released) {
            $0.held = (ContinuousClock.now - granted).inSeconds
            $0.fencingToken = hold.fencingToken.rawValue
        }
    }

    private static func lost(_ reason: String) -> ToolFailure {
        ToolFailure(
            status: ExitStatus.lost,
            message: "the lock was lost while the command ran, so it was stopped: \(reason)"
        )
    }

    private func interrupted(by signal: Int32) -> Int32 {
        self.reporter.report(.interrupted) { $0.signal = signal }
        return ExitStatus.signal(signal)
    }

    private func show(_ progress: RollingLockProgress) {
        switch progress {
        case .waiting(let place, let ahead):
            self.reporter.report(.waiting) {
                $0.place = place
                $0.ahead = ahead
            }
            // Who waits long wants to know since when; only the queue itself tells.
            if self.holderIsTold.set() { Task { await self.tellHolder() } }
        case .suspect(let deadline):
            let left = DurationText.format(deadline - ContinuousClock.now)
            self.reporter.report(.suspect) { $0.reason = "the lock is lost in \(left) without one" }
        // Told with more detail where they are acted upon.
        case .held, .lost: break
        }
    }

    private func tellHolder() async {
        guard let holder = try? await self.lock.queue().holder, !holder.isMine else { return }
        self.reporter.report(.holder) {
            $0.holder = holder.unitDescription
            $0.since = holder.since.map { "\($0)" }
            $0.reason = holder.reason
        }
    }

    private func variables(for hold: RollingLockHold) -> [String: String] {
        [
            "ROLLING_LOCK_NAME": self.lockOptions.lock,
            "ROLLING_LOCK_CLUSTER_ID": self.lockOptions.clusterID,
            "ROLLING_LOCK_UNIT": self.unit,
            "ROLLING_LOCK_KEY": hold.key.string ?? "",
            "ROLLING_LOCK_LEASE": "\(hold.leaseID)",
            "ROLLING_LOCK_FENCING_TOKEN": "\(hold.fencingToken.rawValue)",
        ]
    }
}

/// Something that happens once.
private final class Flag: Sendable {
    private let isSet = Mutex(false)

    /// True for the first caller.
    func set() -> Bool {
        self.isSet.withLock { isSet in
            defer { isSet = true }
            return !isSet
        }
    }
}
