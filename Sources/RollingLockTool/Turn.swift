// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import ProcessControl
import RollingLock

/// One turn of `run`: queue, run the command, release.
struct Turn: Sendable {
    let lock: RollingLock
    let session: LockSession
    let command: ChildCommand
    let stopGrace: Duration

    /// Refuses to wait for a lock that the caller of this process holds: it would wait for ever.
    func checkThatItIsNotInside() async throws {
        // The variable alone proves nothing: a daemon may have inherited it long ago.
        guard let outer = self.session.environment["ROLLING_LOCK_KEY"], !outer.isEmpty else {
            return
        }
        guard try await self.lock.queue().tickets.contains(where: { $0.key.string == outer }) else {
            return
        }
        throw ToolFailure.usage(
            "this already runs under lock \(self.session.options.lock) and would wait for itself; "
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
            try await self.lock.acquire(reason: reason, timeout: timeout) { observer.show($0) }
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
            router: router
        )
        guard hold.isHeld else {
            // The machine slept between the grant and now.
            try? await work.release(since: granted)
            throw ToolFailure(
                status: ExitStatus.lost,
                message: "the lock was lost before the command could start; it was not run"
            )
        }
        let outcome: HeldWork.Outcome
        do {
            outcome = try await work.run(prepared)
        } catch {
            try? await work.release(since: granted)
            throw error
        }
        switch outcome {
        case .interrupted(let signal):
            try? await work.release(since: granted)
            return self.session.interrupted(by: signal)
        case .lost(let reason):
            try? await work.release(since: granted)
            throw HeldWork.lost(reason)
        case .finished(let status):
            try await work.release(since: granted)
            return status
        }
    }
}
