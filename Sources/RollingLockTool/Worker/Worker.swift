// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc
import ProcessControl
import RollingLock
import Synchronization

/// Does what the spool holds, one operation after the other, each under the lock.
///
/// The operations of a unit keep their order: one that is to be tried again stays the first, and the
/// unit goes to the end of the cluster's queue with it. A grant is for whichever is the first then.
/// While one is under way and another waits, the unit has a second place in the queue, taken when the
/// other was asked for.
final class Worker: Sendable {
    struct Settings: Sendable {
        var policy: RetryPolicy
        var maxHold: Duration?
        var stopGrace: Duration
        /// Shown to the others; nil shows the operation's name.
        var reason: String?
        /// Whether an operation whose worker died is tried again.
        var retriesInterrupted: Bool
        var gate: HealthGate
        var mode: RollingLockMode
        /// How many operations that failed for good freeze the lock.
        var freezesAfter: Int?
    }

    let spool: Spool
    let lock: RollingLock
    let session: LockSession
    let command: ChildCommand
    let settings: Settings
    let router = SignalRouter()
    private let bell = Bell()

    struct Reserve {
        /// The operation under way.
        var current: Int64?
        /// The place for the one after it.
        var place: Place?
    }

    let reserve = Mutex(Reserve())

    init(
        spool: Spool,
        lock: RollingLock,
        session: LockSession,
        command: ChildCommand,
        settings: Settings
    ) {
        self.spool = spool
        self.lock = lock
        self.session = session
        self.command = command
        self.settings = settings
    }

    var reporter: EventReporter { self.session.reporter }

    /// True once this process was asked to end.
    var isStopping: Bool {
        self.router.endedBy != nil || self.router.forwarded != nil || self.spool.isLeaving
    }

    // MARK: The loop

    /// Works until it is told to stop.
    func run() async throws {
        let inbox = SignalInbox(SignalRouter.signals)
        // Unstructured, because they listen beside everything that follows.
        let listening = Task { for await signal in inbox.signals { self.router.received(signal) } }
        defer { listening.cancel() }
        self.router.whileWaiting { self.bell.ring() }
        let listener = try WakeListener(self.spool) { self.woken() }
        defer { withExtendedLifetime(listener) {} }
        try self.recover()
        self.reporter.report(.listening)

        var rings = self.bell.rings.makeAsyncIterator()
        var place: Place?
        var refusals = 0
        var pausedUntil = ContinuousClock.now
        while !self.isStopping {
            guard let head = try self.spool.head() else {
                await place?.giveUp()
                place = nil
                await rings.next()
                continue
            }
            guard let current = place else {
                let pause = max(
                    head.remainingPause(at: .now),
                    pausedUntil - ContinuousClock.now
                )
                guard pause <= .zero else {
                    let timer = self.bell.ring(after: pause)
                    await rings.next()
                    timer.cancel()
                    continue
                }
                if try await self.mayQueue(head, refusals: refusals) {
                    place = self.takePlace(for: head)
                } else {
                    refusals += 1
                }
                continue
            }
            guard let result = current.result else {
                await rings.next()
                continue
            }
            place = nil
            switch result {
            case .success(let hold):
                refusals = 0
                place = try await self.use(hold, askedAt: current.asked)
            case .failure(let error):
                refusals += 1
                let pause = RetryPolicy(firstPause: .seconds(1), longestPause: .seconds(60))
                    .pause(after: refusals)
                pausedUntil = .now + pause
                self.reporter.report(.failed) {
                    $0.reason = "\(ToolFailure(error).message); trying again"
                    $0.retryIn = pause.inSeconds
                }
            }
        }
        await place?.giveUp()
        self.reporter.report(.stopped)
    }

    /// Somebody asked for an operation, or this unit leaves.
    private func woken() {
        self.bell.ring()
        self.takePlaceAhead()
        guard self.spool.isLeaving else { return }
        self.router.received(SIGTERM)
        // Leaving does not wait for a command that takes no notice.
        Task {
            try? await Task.sleep(for: self.settings.stopGrace)
            self.router.received(SIGKILL)
        }
    }

    /// What an earlier worker left under way.
    private func recover() throws {
        try self.spool.sweep()
        for request in try self.spool.pending() {
            guard request.isRunning else {
                try self.spool.update(request.sequence) { $0.restartPause(at: .now) }
                continue
            }
            let changed = try self.spool.update(request.sequence) { $0.interrupt(at: .now) }
            guard let changed else { continue }
            self.reporter.report(.interruptedOperation) { $0.describe(changed) }
            if !self.settings.retriesInterrupted {
                try self.giveUp(changed, "it was interrupted", status: nil)
                continue
            }
            let policy = self.settings.policy.applied(to: changed)
            let verdict = policy.verdict(
                status: nil,
                attempt: changed.attempt,
                spent: .seconds(changed.spentSeconds)
            )
            if case .failed(let reason) = verdict {
                try self.giveUp(changed, "it was interrupted, and \(reason)", status: nil)
            } else if changed.interruptions > 1 {
                // What takes its worker with it time and again must not do so without a pause.
                try self.spool.update(changed.sequence) {
                    $0.wait(policy.pause(after: changed.attempt), from: .now)
                }
            }
        }
    }

    // MARK: Places

    func takePlace(for request: SpoolRequest) -> Place {
        let observer = WaitObserver(lock: self.lock, reporter: self.reporter)
        let attempt = request.attempt > 0 ? " (attempt \(request.attempt + 1))" : ""
        let reason = (self.settings.reason ?? request.operation) + attempt
        let mode = self.settings.mode
        return Place(
            {
                try await self.lock.acquire(mode: mode, reason: reason) { observer.show($0) }
            },
            onChange: { self.bell.ring() }
        )
    }

    /// Takes a place for the operation after the one that is under way, if there is one.
    func takePlaceAhead() {
        let pending = (try? self.spool.pending()) ?? []
        self.reserve.withLock { reserve in
            guard let current = reserve.current, reserve.place == nil, !self.isStopping,
                let next = pending.first(where: { $0.sequence != current })
            else { return }
            reserve.place = self.takePlace(for: next)
        }
    }

    func endReserve() -> Place? {
        self.reserve.withLock { reserve in
            defer { reserve = Reserve() }
            return reserve.place
        }
    }

    /// Asks whether this unit may queue; if not, the operation waits.
    private func mayQueue(_ head: SpoolRequest, refusals: Int) async throws -> Bool {
        switch try await self.settings.gate.mayQueue(self.session, self.router) {
        case .yes: return true
        case .no(let reason):
            try self.notReady(head, reason, refusals: refusals)
            return false
        case .lost, .interrupted: return false
        }
    }

    func notReady(_ head: SpoolRequest, _ reason: String, refusals: Int) throws {
        let pause = self.settings.policy.pause(after: refusals + 1)
        try self.spool.update(head.sequence) { $0.wait(pause, from: .now) }
        self.reporter.report(.notReady) {
            $0.describe(head)
            $0.reason = reason
            $0.retryIn = pause.inSeconds
        }
    }
}

extension SpoolRequest.BootInstant {
    /// The present.
    static var now: Self { .init(bootID: BootID.current, nanoseconds: BootClock.nanoseconds) }
}

extension LockEvent {
    mutating func describe(_ request: SpoolRequest) {
        self.sequence = request.sequence
        self.operation = request.operation
        self.attempt = request.attempt
    }
}
