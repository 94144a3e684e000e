// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import ProcessControl
import RollingLock

/// One turn of `run`: queue, run the command, release.
struct Turn: Sendable {
    let lock: RollingLock
    let mode: RollingLockMode
    let session: LockSession
    let command: ChildCommand
    let stopGrace: Duration
    let gate: HealthGate
    /// How many failures freeze the lock.
    let freezesAfter: Int?

    /// Waits for the lock and runs the command.
    ///
    /// - Returns: The status for this process: the command's, or why it did not run to its end.
    func take(reason: String?, timeout: Duration?) async throws -> Int32 {
        let router = SignalRouter()
        let inbox = SignalInbox(SignalRouter.signals)
        // Unstructured, because it listens beside everything that follows.
        let listening = Task { for await signal in inbox.signals { router.received(signal) } }
        defer { listening.cancel() }
        switch try await self.gate.mayQueue(self.session, router) {
        case .yes: break
        case .interrupted(let signal): return self.session.interrupted(by: signal)
        case .no(let reason), .lost(let reason): throw Self.notReady(reason)
        }
        // Started now, so that the handoff does not wait for it.
        let prepared = try HeldWork.Prepared(self.command, stopGrace: self.stopGrace)
        do {
            let status = try await self.take(
                reason: reason,
                timeout: timeout,
                router: router,
                prepared: prepared
            )
            await prepared.dismiss()
            return status
        } catch {
            await prepared.dismiss()
            throw error
        }
    }

    private func take(
        reason: String?,
        timeout: Duration?,
        router: SignalRouter,
        prepared: HeldWork.Prepared
    ) async throws -> Int32 {
        let asked = ContinuousClock.now
        let observer = WaitObserver(lock: self.lock, reporter: self.session.reporter)
        let acquiring = Task {
            try await self.lock.acquire(mode: self.mode, reason: reason, timeout: timeout) {
                observer.show($0)
            }
        }
        router.whileWaiting { acquiring.cancel() }
        let hold: RollingLockHold
        do {
            hold = try await acquiring.value
        } catch {
            guard let signal = router.endedBy else { throw error }
            return self.session.interrupted(by: signal)
        }
        let granted = ContinuousClock.now
        self.session.reporter.report(.granted) { $0.describe(hold, waited: granted - asked) }
        let work = HeldWork(
            hold: hold,
            session: self.session,
            stopGrace: self.stopGrace,
            router: router,
            freezesAfter: self.freezesAfter
        )
        guard hold.isHeld else {
            // The machine slept between the grant and now.
            try? await work.release(since: granted)
            throw ToolFailure(
                status: ExitStatus.lost,
                message: "the lock was lost before the command could start; it was not run"
            )
        }
        let ending: Ending
        do {
            ending = try await self.use(work, prepared)
        } catch let failure as ToolFailure where failure.status == ExitStatus.unhealthy {
            try? await work.release(
                since: granted,
                WorkEnding(status: failure.status, operation: reason, failure: failure.message)
            )
            throw failure
        } catch {
            try? await work.release(since: granted)
            throw error
        }
        switch ending {
        case .finished(let status):
            try await work.release(since: granted, .finished(status, operation: reason))
            return status
        case .interrupted(let signal):
            try? await work.release(since: granted)
            return self.session.interrupted(by: signal)
        }
    }

    /// How the use of the lock ended, if nothing went wrong.
    private enum Ending {
        case finished(status: Int32)
        case interrupted(signal: Int32)
    }

    /// Runs the command between its two checks.
    ///
    /// - Throws: ``ToolFailure`` when a check says no or the lock is lost.
    private func use(_ work: HeldWork, _ prepared: HeldWork.Prepared) async throws -> Ending {
        switch try await self.gate.mayBegin(work) {
        case .yes: break
        case .no(let reason): throw Self.notReady(reason)
        case .lost(let reason): throw Self.lost(reason, "pre-check")
        case .interrupted(let signal): return .interrupted(signal: signal)
        }
        switch try await work.run(prepared) {
        case .finished(0): break
        case .finished(let status): return .finished(status: status)
        case .interrupted(let signal): return .interrupted(signal: signal)
        case .lost(let reason): throw HeldWork.lost(reason)
        case .overdue:
            // It was given no limit.
            preconditionFailure("a command without a limit was overdue")
        }
        switch try await self.gate.mayEnd(work) {
        case .yes: return .finished(status: 0)
        case .interrupted(let signal): return .interrupted(signal: signal)
        case .lost(let reason): throw Self.lost(reason, "post-check")
        case .no(let reason):
            throw ToolFailure(
                status: ExitStatus.unhealthy,
                message: "the command has run, and this unit is \(reason)"
            )
        }
    }

    private static func notReady(_ reason: String) -> ToolFailure {
        ToolFailure(
            status: ExitStatus.notReady,
            message: "this unit may not begin: \(reason); the command was not run"
        )
    }

    private static func lost(_ reason: String, _ check: String) -> ToolFailure {
        ToolFailure(
            status: ExitStatus.lost,
            message: "the lock was lost during the \(check): \(reason)"
        )
    }
}
