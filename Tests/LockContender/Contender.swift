// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Synchronization

/// What a contender does.
///
/// It says that it leaves before it releases, and what it holds after it has asked for the log's last
/// line: the checker relies on both.
struct Contender: Sendable {
    /// How a hold came to its end, as its contender saw it.
    enum Ending: Sendable {
        case left
        case lost
    }

    let who: ContenderID
    let log: LockLogClient
    let client: EtcdClient
    let lock: RollingLock
    let leaseTTL: Duration
    let defect: LockContender.Defect?

    func run(_ generator: SeededGenerator) async throws {
        var generator = generator
        var attempt = 0
        while try await self.log.ask().phase == .go {
            attempt += 1
            let plan = Plan(LockAttempt(self.who, attempt), &generator)
            try await Task.sleep(for: plan.rest)
            _ = try await self.log.say(.wants(attempt: attempt))
            switch self.defect {
            case nil, .careless: try await self.perform(plan)
            case .naive, .impatient: try await self.performNaively(plan)
            }
        }
        var answer = try await self.log.say(.drained)
        while answer.phase != .end {
            try await Task.sleep(for: .milliseconds(50))
            answer = try await self.log.ask()
        }
    }

    private func perform(_ plan: Plan) async throws {
        do {
            switch plan.way {
            case .closure: try await self.holdInClosure(plan)
            case .acquisition(let timeout):
                try await self.hold(
                    self.lock.acquire(reason: plan.attempt.description, timeout: timeout),
                    plan
                )
            case .cancelled(let delay):
                try await self.hold(self.acquire(plan, cancelAfter: delay), plan)
            case .atOnce:
                let hold = try await self.lock.tryAcquire(reason: plan.attempt.description)
                guard let hold else { return try await self.stopWaiting(plan, .busy) }
                try await self.hold(hold, plan)
            }
        } catch let error as RollingLockError where error.code == .timeout {
            try await self.stopWaiting(plan, .timedOut)
        } catch let error as RollingLockError where error.code == .lost {
            try await self.stopWaiting(plan, .lost)
        } catch is CancellationError {
            try await self.stopWaiting(plan, .cancelled)
        } catch is RollingLockError {
            try await self.stopWaiting(plan, .failed)
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func stopWaiting(_ plan: Plan, _ end: LockEvent.WaitEnd) async throws {
        _ = try await self.log.say(.stoppedWaiting(attempt: plan.attempt.number, end))
    }

    private func acquire(_ plan: Plan, cancelAfter delay: Duration) async throws -> RollingLockHold
    {
        let acquiring = Task { try await self.lock.acquire(reason: plan.attempt.description) }
        let cancelling = Task {
            try await Task.sleep(for: delay)
            acquiring.cancel()
        }
        defer { cancelling.cancel() }
        return try await acquiring.value
    }

    /// Holds for a while, and gives the lock up.
    ///
    /// None of the lock's errors leaves this: the wait is over.
    private func hold(_ hold: RollingLockHold, _ plan: Plan) async throws {
        switch try await self.work(hold, plan) {
        case .lost:
            _ = try? await hold.release()
        case .left:
            let token = hold.fencingToken.rawValue
            let end: LockEvent.ReleaseEnd
            do {
                end = .init(try await hold.release())
            } catch is RollingLockError {
                end = .unconfirmed
            }
            _ = try await self.log.say(.released(token: token, end))
        }
    }

    private func holdInClosure(_ plan: Plan) async throws {
        let end = Mutex<(token: Int64, ending: Ending)?>(nil)
        let reason = plan.attempt.description
        do {
            try await self.lock.withLock(reason: reason, timeout: plan.patience) { hold in
                let token = hold.fencingToken.rawValue
                // In a task of its own: what is said must be said also in a cancelled one.
                let ending = try await Task { try await self.work(hold, plan) }.value
                end.withLock { $0 = (token, ending) }
            }
        } catch let error as RollingLockError {
            guard let (token, ending) = end.withLock({ $0 }) else { throw error }
            guard ending == .left else { return }
            _ = try await self.log.say(.released(token: token, .alreadyGone))
            return
        }
        guard let (token, ending) = end.withLock({ $0 }), ending == .left else { return }
        // It does not tell whether the release was confirmed.
        _ = try await self.log.say(.released(token: token, .unconfirmed))
    }

    /// Uses what the lock protects, as long as it is held.
    private func work(_ hold: RollingLockHold, _ plan: Plan) async throws -> Ending {
        let token = hold.fencingToken.rawValue
        _ = try await self.log.say(
            .entered(attempt: plan.attempt.number, token: token, lease: hold.leaseID.rawValue)
        )
        for step in plan.steps {
            let since = try await self.log.ask().line
            guard hold.isHeld || self.defect == .careless else {
                _ = try await self.log.say(.lost(token: token))
                return .lost
            }
            _ = try await self.log.say(.believes(token: token, since: since))
            try await self.use(hold, isStored: step.usesStore)
            try? await Task.sleep(for: step.pause)
        }
        _ = try await self.log.say(.leaves(token: token))
        return .left
    }

    private func use(_ hold: RollingLockHold, isStored: Bool) async throws {
        let token = hold.fencingToken.rawValue
        switch (isStored, self.defect) {
        case (false, nil): _ = try await self.log.say(.used(token: token, isAccepted: false))
        case (false, _?): _ = try await self.log.useUnfenced(token)
        // That the lock is lost shows the next time.
        case (true, nil):
            _ = try? await hold.guardedTxn(.init(then: [.put(LockChaosNames.resource, "\(token)")]))
        case (true, _?): _ = try? await self.client.put(LockChaosNames.resource, "\(token)")
        }
    }
}

extension LockEvent.ReleaseEnd {
    init(_ outcome: RollingLockReleaseOutcome) {
        switch outcome {
        case .released: self = .released
        case .alreadyGone: self = .alreadyGone
        case .notMine: self = .notMine
        }
    }
}
