// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import ProcessControl
import RollingLock
import Synchronization

/// What a worker does with a grant.
extension Worker {
    /// Uses a grant for the first operation.
    ///
    /// - Returns: The place for the one after it, if it was taken.
    func use(
        _ hold: RollingLockHold,
        askedAt asked: ContinuousClock.Instant
    ) async throws -> Place? {
        let granted = ContinuousClock.now
        self.reporter.report(.granted) { $0.describe(hold, waited: granted - asked) }
        let work = HeldWork(
            hold: hold,
            session: self.session,
            stopGrace: self.settings.stopGrace,
            router: self.router,
            freezesAfter: self.settings.freezesAfter
        )
        var goesOn = false
        var ending: WorkEnding?
        do {
            (goesOn, ending) = try await self.use(
                work,
                until: self.settings.maxHold.map { granted + $0 }
            )
        } catch {
            await self.endReserve()?.giveUp()
            await self.release(work, since: granted)
            throw error
        }
        let ahead = self.endReserve()
        if !goesOn { await ahead?.giveUp() }
        await self.release(work, since: granted, ending)
        return goesOn ? ahead : nil
    }

    private func release(
        _ work: HeldWork,
        since granted: ContinuousClock.Instant,
        _ ending: WorkEnding? = nil
    ) async {
        do {
            try await work.release(since: granted, ending)
        } catch {
            self.reporter.report(.lost) { $0.reason = ToolFailure(error).message }
        }
    }

    /// Runs the first operation until it is done, has failed or must let the others go first.
    ///
    /// - Returns: True if the place for the next operation is of use; and what came of the operation,
    ///   unless it is to be tried again.
    private func use(
        _ work: HeldWork,
        until end: ContinuousClock.Instant?
    ) async throws -> (goesOn: Bool, WorkEnding?) {
        guard !self.isStopping, let head = try self.spool.head() else { return (false, nil) }
        switch try await self.settings.gate.mayBegin(work) {
        case .yes: break
        case .no(let reason):
            try self.notReady(head, reason, refusals: 0)
            return (false, nil)
        case .lost(let reason):
            self.reporter.report(.lost) { $0.reason = reason }
            return (false, nil)
        case .interrupted: return (false, nil)
        }
        while true {
            let begun = try self.spool.update(head.sequence) { $0.begin(at: .now) }
            guard let begun else { return (false, nil) }
            self.reserve.withLock { $0.current = begun.sequence }
            self.takePlaceAhead()
            self.reporter.report(.begun) { $0.describe(begun) }
            let ending = try await self.attempt(begun, work, until: end)
            switch try self.settle(begun, ending, until: end) {
            case .end(let goesOn, let ending): return (goesOn, ending)
            case .again(let pause):
                await work.pause(until: .now + pause)
                guard !self.isStopping, work.hold.isHeld else { return (false, nil) }
            }
        }
    }

    /// How an attempt ended.
    private enum Ending {
        case finished(status: Int32, reason: String)
        /// Nobody knows what it came to.
        case broken(reason: String)
        /// It was ended because this process is to end.
        case stopped
    }

    private func attempt(
        _ request: SpoolRequest,
        _ work: HeldWork,
        until end: ContinuousClock.Instant?
    ) async throws -> Ending {
        let outcome = try await work.run(
            self.command,
            variables: self.variables(for: request),
            notAfter: end
        )
        switch outcome {
        case .lost(let reason): return .broken(reason: "the lock was lost: \(reason)")
        case .overdue: return .broken(reason: "it did not end within --max-hold")
        case .interrupted: return .stopped
        case .finished(let status):
            guard status == 0 else {
                return self.isStopping
                    ? .stopped : .finished(status: status, reason: "it ended with status \(status)")
            }
            switch try await self.settings.gate.mayEnd(work) {
            // What was asked for is done, whether or not there was time to see how well.
            case .yes, .interrupted: return .finished(status: 0, reason: "")
            case .no(let reason): return .finished(status: ExitStatus.unhealthy, reason: reason)
            case .lost(let reason): return .broken(reason: "the lock was lost: \(reason)")
            }
        }
    }

    private enum Step {
        case end(goesOn: Bool, WorkEnding? = nil)
        case again(after: Duration)
    }

    /// Writes down what an attempt came to.
    private func settle(
        _ request: SpoolRequest,
        _ ending: Ending,
        until end: ContinuousClock.Instant?
    ) throws -> Step {
        let status: Int32?
        let reason: String
        switch ending {
        case .finished(0, _):
            try self.spool.finish(request.sequence)
            self.reporter.report(.done) { $0.describe(request) }
            return .end(goesOn: true, .finished(0, operation: request.operation))
        case .stopped:
            try self.spool.update(request.sequence) { $0.takeBack(at: .now) }
            self.reporter.report(.interruptedOperation) { $0.describe(request) }
            return .end(goesOn: false)
        case .finished(let ended, let why): (status, reason) = (ended, why)
        case .broken(let why): (status, reason) = (nil, why)
        }
        let ended = try self.spool.update(request.sequence) { $0.end(status: status, at: .now) }
        guard let ended else { return .end(goesOn: true) }
        let policy = self.settings.policy.applied(to: ended)
        let verdict = policy.verdict(
            status: status,
            attempt: ended.attempt,
            spent: .seconds(ended.spentSeconds)
        )
        if case .failed(let bound) = verdict {
            try self.giveUp(ended, "\(reason), and \(bound)", status: status)
            let failure = WorkEnding(
                status: status ?? ExitStatus.fault,
                operation: ended.operation,
                failure: "\(reason), and \(bound)"
            )
            return .end(goesOn: true, failure)
        }
        let pause = policy.pause(after: ended.attempt)
        try self.spool.update(ended.sequence) { $0.wait(pause, from: .now) }
        let keeps = verdict == .retryNow && (end.map { .now + pause < $0 } ?? true)
        self.reporter.report(.retrying) {
            $0.describe(ended)
            $0.status = status
            $0.reason = reason
            $0.retryIn = pause.inSeconds
            $0.keepsLock = keeps
        }
        return keeps ? .again(after: pause) : .end(goesOn: false)
    }

    func giveUp(_ request: SpoolRequest, _ reason: String, status: Int32?) throws {
        try self.spool.fail(request.sequence, reason, status: status)
        self.reporter.report(.gaveUp) {
            $0.describe(request)
            $0.status = status
            $0.reason = reason
        }
    }

    private func variables(for request: SpoolRequest) -> [String: String] {
        var variables = [
            "ROLLING_LOCK_OPERATION": request.operation,
            "ROLLING_LOCK_SEQUENCE": "\(request.sequence)",
            "ROLLING_LOCK_ATTEMPT": "\(request.attempt)",
            "ROLLING_LOCK_ARGUMENT_FILE":
                request.hasArgument ? self.spool.argumentFile(request.sequence) : "",
        ]
        if request.interruptions > 0 { variables["ROLLING_LOCK_INTERRUPTED"] = "1" }
        return variables
    }
}
