// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension LockCoordinator {
    /// What the mutex guards.
    struct State: ~Copyable {
        var machine: LockQueueStateMachine
        var tickets: [TicketID: LocalTicket] = [:]
        var ticketCount = 0
        var reusableKeys = TicketKeys()
        /// Counts the events, so that observers are told in the order of decisions.
        var sequence = 0

        /// The task that keeps the watch, and the number that tells its events from those of an
        /// earlier one.
        var watch: (generation: Int, task: Task<Void, Never>)?
        var watchCount = 0

        /// Calls that are under way and removals in the background; they keep the lease alive.
        var users = 0
        var idleSince: ContinuousClock.Instant?
        var isJanitorRunning = false
        var isHoldTimerRunning = false
        var ownerIsGone = false
        var isClosed = false

        /// What a shutdown waits for, though not for long: removals that are under way.
        var removals: [ObjectIdentifier: OneShot<Void>] = [:]

        /// What waits for takeover delays, by a number.
        var takeovers: [Int: Task<Void, Never>] = [:]
        var takeoverCount = 0

        init(awaitsTakeovers: Bool) {
            self.machine = LockQueueStateMachine(awaitsTakeovers: awaitsTakeovers)
        }

        var isIdle: Bool { self.machine.isIdle && self.users == 0 }
    }

    /// What is left to do once the mutex is free.
    enum Effect {
        case list(LockQueueStateMachine.ListingID)
        case grant(LocalTicket, EtcdRevision, sequence: Int)
        case lose(LocalTicket, RollingLockLossReason, sequence: Int)
        case place(LocalTicket, ahead: [EtcdBytes], sequence: Int)
        case pause(LocalTicket, LockQueueStateMachine.Obstacle, sequence: Int)
        case bury([QueueEntry])
    }
}

extension LockCoordinator.State {
    /// Notes since when the lock is idle.
    ///
    /// - Returns: True if somebody must look again later, and nobody does so far.
    mutating func noticeIdleness() -> Bool {
        guard self.isIdle, self.idleSince == nil else { return false }
        self.idleSince = .now
        defer { self.isJanitorRunning = true }
        return !self.isJanitorRunning
    }

    /// Notes that there are tickets and no watch.
    ///
    /// - Returns: True if somebody must look after a while whether they are still there, and nobody
    ///   does so far.
    mutating func noticeUnwatchedHold() -> Bool {
        guard self.watch == nil, !self.machine.isIdle, !self.isHoldTimerRunning else {
            return false
        }
        self.isHoldTimerRunning = true
        return true
    }

    /// Nobody waits any more.
    mutating func endTakeovers() {
        for task in self.takeovers.values { task.cancel() }
        self.takeovers = [:]
    }

    mutating func endWatch() -> Task<Void, Never>? {
        defer { self.watch = nil }
        _ = self.machine.watchEnded()
        return self.watch?.task
    }

    /// Finds the ticket that an action is about.
    mutating func effect(
        of action: LockCoordinator.Action
    ) -> LockCoordinator.Effect? {
        switch action {
        case .openWatch, .awaitTakeover:
            return nil
        case .bury(let orphans):
            return .bury(orphans)
        case .list(let id):
            return .list(id)
        case .grant(let id, let token):
            return self.tickets[id].map { .grant($0, token, sequence: self.sequence) }
        case .lose(let id, let reason):
            return self.tickets.removeValue(forKey: id)
                .map { .lose($0, reason, sequence: self.sequence) }
        }
    }

    /// The places of those who wait and want to know.
    func progress() -> [LockCoordinator.Effect] {
        var effects: [LockCoordinator.Effect] = []
        for ticket in self.tickets.values where ticket.isObserved {
            let ahead = self.machine.ahead(of: ticket.id)
            if let obstacle = self.machine.obstacle(for: ticket.id) {
                effects.append(.pause(ticket, obstacle, sequence: self.sequence))
            } else if !ahead.isEmpty {
                effects.append(.place(ticket, ahead: ahead, sequence: self.sequence))
            }
        }
        return effects
    }
}
