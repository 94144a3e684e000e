// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl

/// Asks whether this unit may begin, and whether it is well again before the next one begins.
///
/// The checks are commands of the user's; status 0 says yes. Whoever asks holds the lock on while the
/// unit is not well, so a unit that comes out of its operation ill stops the roll.
struct HealthGate: Sendable {
    /// Asked before queueing and again when the lock is granted.
    var preCheck: ChildCommand?
    /// Asked after the command, until it has said yes for ``minHealthy``.
    var postCheck: ChildCommand?
    /// For how long the post-check must say yes without a no in between.
    var minHealthy: Duration
    /// How long one pre-check, or all post-checks together, may take.
    var timeout: Duration
    /// The pause between two post-checks.
    var interval: Duration
    /// The time between SIGTERM and SIGKILL for a check whose time is over.
    var stopGrace: Duration

    enum Answer: Sendable, Equatable {
        case yes
        case no(reason: String)
        case lost(reason: String)
        case interrupted(signal: Int32)
    }

    /// Asks before the lock is held.
    func mayQueue(_ session: LockSession, _ router: SignalRouter) async throws -> Answer {
        guard let preCheck else { return .yes }
        let run = UnheldRun(command: preCheck, stopGrace: self.stopGrace, router: router)
        let variables = session.variables.merging(["ROLLING_LOCK_CHECK": "queue"]) { $1 }
        switch try await run.run(variables: variables, limit: self.timeout) {
        case .finished(0): return .yes
        case .finished(let status):
            if let signal = router.forwarded { return .interrupted(signal: signal) }
            return .no(reason: "the pre-check ended with status \(status)")
        case .overdue:
            return .no(
                reason: "the pre-check did not end within \(DurationText.format(self.timeout))"
            )
        case .interrupted(let signal): return .interrupted(signal: signal)
        }
    }

    /// Asks once more when the lock is granted.
    func mayBegin(_ work: HeldWork) async throws -> Answer {
        guard let preCheck else { return .yes }
        return try await self.ask(
            preCheck,
            "pre-check",
            work,
            phase: "begin",
            until: .now + self.timeout
        )
    }

    /// Waits until the unit is well again, while the lock is held.
    func mayEnd(_ work: HeldWork) async throws -> Answer {
        guard let postCheck else { return .yes }
        let end = ContinuousClock.now + self.timeout
        var healthySince: ContinuousClock.Instant?
        var lastNo: String?
        while true {
            let asked = ContinuousClock.now
            let answer = try await self.ask(
                postCheck,
                "post-check",
                work,
                phase: "end",
                until: end
            )
            let now = ContinuousClock.now
            var next = now + self.interval
            var reason =
                "the post-check did not say yes for "
                + "\(DurationText.format(self.minHealthy)) on end"
            switch answer {
            case .lost, .interrupted: return answer
            case .yes:
                // From the end of the first yes to the beginning of the last, however long they take.
                let since = healthySince ?? now
                if healthySince == nil { work.session.reporter.report(.healthy) }
                healthySince = since
                if self.minHealthy == .zero || asked - since >= self.minHealthy { return .yes }
                next = min(next, max(now, since + self.minHealthy))
            case .no(let why):
                if healthySince != nil { work.session.reporter.report(.ill) { $0.reason = why } }
                healthySince = nil
                // One that was cut off by the end says less than the one before.
                reason = now < end ? why : lastNo ?? why
                lastNo = why
            }
            guard next < end else {
                return .no(
                    reason: "not well within \(DurationText.format(self.timeout)): \(reason)"
                )
            }
            // A loss is told by the next check.
            await work.pause(until: next)
            if let signal = work.router.endedBy { return .interrupted(signal: signal) }
        }
    }

    private func ask(
        _ command: ChildCommand,
        _ name: String,
        _ work: HeldWork,
        phase: String,
        until end: ContinuousClock.Instant
    ) async throws -> Answer {
        switch try await work.run(
            command,
            variables: ["ROLLING_LOCK_CHECK": phase],
            notAfter: end
        ) {
        case .finished(0): return .yes
        case .finished(let status):
            if let signal = work.router.forwarded { return .interrupted(signal: signal) }
            return .no(reason: "the \(name) ended with status \(status)")
        case .overdue:
            return .no(reason: "the \(name) did not end in time")
        case .lost(let reason): return .lost(reason: reason)
        case .interrupted(let signal): return .interrupted(signal: signal)
        }
    }
}
