// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc
import ProcessControl
import RollingLock

/// What is done under a lock that is held: commands are run, one after the other, and it is given
/// back.
struct HeldWork: Sendable {
    enum Outcome: Sendable, Equatable {
        /// The command ended by itself.
        case finished(status: Int32)
        /// The lock was lost, so the command was stopped or not even started.
        case lost(reason: String)
        /// Its time was over, so it was stopped.
        case overdue
        /// A signal came before the command was started.
        case interrupted(signal: Int32)
    }

    let hold: RollingLockHold
    let session: LockSession
    let stopGrace: Duration
    let router: SignalRouter
    /// How many failures freeze the lock; `nil` if none does.
    var freezesAfter: Int?

    /// A command that waits for the word to go, and its guardian.
    struct Prepared: Sendable {
        let child: ChildProcess
        let guardian: Guardian

        /// Starts both, so that nothing waits for them later.
        init(_ command: ChildCommand, stopGrace: Duration) throws {
            let guardian = try Guardian(grace: stopGrace)
            self.guardian = guardian
            self.child = try ChildProcess(command: command) { guardian.watch(over: $0) }
        }

        /// Ends both, if they have not ended.
        func dismiss() async {
            await self.child.abandon()
            await self.guardian.dismiss()
        }
    }

    /// Runs a command to its end, or until the lock is lost.
    ///
    /// - Parameters:
    ///   - command: The command.
    ///   - variables: What it finds in its environment, beside what all commands find.
    ///   - end: When its time is over; nil gives it all the time it wants.
    /// - Returns: What it came to.
    /// - Throws: ``ToolFailure`` when no process could be started.
    func run(
        _ command: ChildCommand,
        variables: [String: String] = [:],
        notAfter end: ContinuousClock.Instant? = nil
    ) async throws -> Outcome {
        let prepared = try Prepared(command, stopGrace: self.stopGrace)
        do {
            let outcome = try await self.run(prepared, variables: variables, notAfter: end)
            await prepared.dismiss()
            return outcome
        } catch {
            await prepared.dismiss()
            throw error
        }
    }

    /// Runs a command that was prepared; whoever did that dismisses it.
    func run(
        _ prepared: Prepared,
        variables: [String: String] = [:],
        notAfter end: ContinuousClock.Instant? = nil
    ) async throws -> Outcome {
        guard self.hold.isHeld else {
            // The machine slept between the grant and now.
            return .lost(reason: "the lease was not renewed in time")
        }
        guard self.router.forward(to: prepared.child) else {
            return .interrupted(signal: self.router.endedBy ?? 0)
        }
        defer { self.router.takeBack() }
        let ending = try await HeldRun(
            hold: self.hold,
            child: prepared.child,
            variables: self.session.variables(for: self.hold)
                .merging(variables) { _, added in added },
            guardian: prepared.guardian,
            stopGrace: self.stopGrace,
            notAfter: end,
            reporter: self.session.reporter
        ).run()
        switch ending {
        case .overdue:
            return .overdue
        case .stopped(let reason):
            return .lost(reason: reason)
        case .finished(let status):
            if status == ExitStatus.signal(SIGKILL), await prepared.guardian.dismiss() {
                // This process was stopped meanwhile, or the machine asleep.
                return .lost(reason: "the lease was not renewed in time")
            }
            return .finished(status: status)
        }
    }

    /// Waits with the lock held, but no longer than until it is lost or a signal asks for an end.
    func pause(until end: ContinuousClock.Instant) async {
        while !Task.isCancelled, ContinuousClock.now < end, self.router.endedBy == nil,
            self.hold.isHeld
        {
            let step = min(end, .now + .milliseconds(100))
            try? await Task.sleep(until: step, clock: .continuous)
        }
    }

    /// Gives the lock back, and records what came of the work.
    ///
    /// A failure is recorded before, since it may be the one that freezes the lock; what ended well
    /// afterwards, since the next one waits.
    ///
    /// - Throws: ``ToolFailure`` with status 79 when the ticket was gone already. When etcd does not
    ///   answer, the lock ends with its lease; that is told, and is no failure of the command.
    func release(
        since granted: ContinuousClock.Instant,
        _ ending: WorkEnding? = nil
    ) async throws {
        var freeze: String?
        if let ending, ending.status != 0 {
            await self.record(ending, since: granted)
            freeze = await self.reasonToFreeze(ending)
        }
        try await self.giveBack(since: granted, freezing: freeze)
        if let ending, ending.status == 0 { await self.record(ending, since: granted) }
    }

    /// How long a record may hold this process up.
    private static let recordPatience = Duration.seconds(2)

    private func record(_ ending: WorkEnding, since granted: ContinuousClock.Instant) async {
        let recording = Task {
            try await self.hold.record(
                succeeded: ending.status == 0,
                reason: ending.reason,
                status: Int(ending.status),
                held: ContinuousClock.now - granted
            )
        }
        let timer = Task {
            try await Task.sleep(for: Self.recordPatience)
            recording.cancel()
        }
        // A unit may not be granted the records' keys; the work is what counts.
        _ = await recording.result
        timer.cancel()
    }

    /// Why the lock is to be frozen after a failure; `nil` if it is not.
    private func reasonToFreeze(_ ending: WorkEnding) async -> String? {
        guard let limit = self.freezesAfter else { return nil }
        if limit > 1 {
            // Who cannot count the failures does not go on as if there were none.
            let count = (try? await self.hold.failureCount()) ?? limit
            guard count >= limit else { return nil }
        }
        let what = ending.reason ?? "the work failed"
        let text = "unit \(self.session.unit): \(what)"
        return String(text.prefix(200))
    }

    private func giveBack(
        since granted: ContinuousClock.Instant,
        freezing reason: String?
    ) async throws {
        let token = self.hold.fencingToken.rawValue
        self.session.reporter.report(.releasing) { $0.fencingToken = token }
        let outcome: RollingLockReleaseOutcome
        do {
            outcome =
                if let reason {
                    try await self.hold.release(freezing: reason)
                } else {
                    try await self.hold.release()
                }
        } catch {
            self.session.reporter.report(.failed) {
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
        self.session.reporter.report(.released) {
            $0.held = (ContinuousClock.now - granted).inSeconds
            $0.fencingToken = token
        }
        if let reason { self.session.reporter.report(.frozen) { $0.reason = reason } }
    }

    static func lost(_ reason: String) -> ToolFailure {
        ToolFailure(
            status: ExitStatus.lost,
            message: "the lock was lost while the command ran, so it was stopped: \(reason)"
        )
    }
}
