// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Logging
import Synchronization

/// Does what ``LockQueueStateMachine`` decides: the one object behind a ``RollingLock``.
///
/// The mutex is held for one event at a time; what follows from it (continuations, requests,
/// observers) runs after it. Background work runs in tasks of its own because it must outlive the
/// task of the caller: the watch, listings, the removal of unwanted tickets. They end when the
/// lock is idle for long enough or is shut down.
final class LockCoordinator: Sendable {
    typealias Action = LockQueueStateMachine.Action
    typealias TicketID = LockQueueStateMachine.TicketID

    let requests: LockRequests
    let configuration: RollingLock.Configuration
    let sessions: LeaseSessionKeeper
    let state: Mutex<State>

    var keys: LockKeys { self.requests.keys }
    var logger: Logger { self.configuration.logger }

    init(client: EtcdClient, keys: LockKeys, configuration: RollingLock.Configuration) {
        self.requests = LockRequests(
            client: client,
            keys: keys,
            limits: configuration.limits
        )
        self.configuration = configuration
        self.sessions = LeaseSessionKeeper(client: client, ttl: configuration.leaseTTL)
        let awaitsTakeovers =
            configuration.takeoverDelay > .zero || configuration.onHolderDeath == .freeze
        self.state = Mutex(State(awaitsTakeovers: awaitsTakeovers))
    }

    // MARK: Events

    /// Tells the machine what happened and does what it decides.
    func update(_ event: (inout State) -> [Action]) {
        var effects: [Effect] = []
        var startsJanitor = false
        var startsHoldTimer = false
        self.state.withLock { state in
            let actions = event(&state)
            state.sequence += 1
            for action in actions {
                if action == .openWatch { self.startWatch(&state) }
                if case .awaitTakeover(let orphans) = action {
                    self.startTakeover(orphans, &state)
                }
                if let effect = state.effect(of: action) { effects.append(effect) }
            }
            effects += state.progress()
            startsJanitor = state.noticeIdleness()
            startsHoldTimer = state.noticeUnwatchedHold()
        }
        for effect in effects { self.perform(effect) }
        if startsJanitor { self.startJanitor() }
        // It ends with the hold, or soon after.
        if startsHoldTimer { Task { await self.runHoldTimer() } }
    }

    private func startWatch(_ state: inout State) {
        state.watchCount += 1
        let generation = state.watchCount
        // It serves all tickets, so it belongs to none of their tasks.
        state.watch = (generation, Task { await self.runWatch(generation) })
    }

    func startJanitor() {
        // Nobody waits for it; it ends by itself.
        Task { await self.runJanitor() }
    }

    private func perform(_ effect: Effect) {
        switch effect {
        case .list(let id):
            Task { await self.list(id) }
        case .grant(let ticket, let token, let sequence):
            ticket.report(.held(fencingToken: token), sequence: sequence)
            ticket.granted.fulfil(.success(token))
        case .lose(let ticket, let reason, let sequence):
            self.logger.warning("ticket lost: \(reason)")
            ticket.lose(reason)
            ticket.report(.lost(reason), sequence: sequence)
        case .place(let ticket, let ahead, let sequence):
            let units = ahead.map { self.keys.owner(of: $0).description }
            ticket.report(.waiting(place: units.count, ahead: units), sequence: sequence)
        case .pause(let ticket, let obstacle, let sequence):
            ticket.report(.paused(self.pause(by: obstacle)), sequence: sequence)
        case .bury(let orphans):
            // Nobody waits for it.
            Task { await self.bury(orphans) }
        }
    }

    // MARK: Tickets

    /// Keeps lease and watch alive until ``end()``.
    func begin() throws(RollingLockError) {
        let isClosed = self.state.withLock { state in
            if !state.isClosed {
                state.users += 1
                state.idleSince = nil
            }
            return state.isClosed
        }
        if isClosed {
            throw RollingLockError(code: .closed, message: "the lock was shut down")
        }
    }

    /// Like ``begin()``, for work that goes on after a shutdown.
    func keepAlive() {
        self.state.withLock { state in
            state.users += 1
            state.idleSince = nil
        }
    }

    /// What ``begin()`` or ``keepAlive()`` was for is over.
    func end() {
        let startsJanitor = self.state.withLock { state in
            state.users -= 1
            return state.noticeIdleness()
        }
        if startsJanitor { self.startJanitor() }
    }

    /// Registers a ticket that is about to be sent.
    ///
    /// - Parameters:
    ///   - session: The lease it is to depend on.
    ///   - ticketClass: Beside which others it may hold the lock.
    ///   - adopted: The key that it has already, if it is taken over.
    ///   - onProgress: Told what happens.
    /// - Returns: The ticket, and the create revision from which on its transaction is to list.
    /// - Throws: ``RollingLockError`` with ``RollingLockError/Code/closed``.
    func join(
        _ session: EtcdLeaseSession,
        class ticketClass: TicketClass = .exclusive,
        key adopted: EtcdBytes? = nil,
        onProgress: (@Sendable (RollingLockProgress) -> Void)?
    ) throws(RollingLockError) -> (ticket: LocalTicket, listsFrom: EtcdRevision) {
        let joined = self.state.withLock { state -> (LocalTicket, EtcdRevision)? in
            guard !state.isClosed else { return nil }
            state.ticketCount += 1
            let key =
                adopted ?? state.reusableKeys.take(for: session.id, ticketClass)
                ?? self.keys.ticket(
                    lease: session.id,
                    nonce: .random(in: .min ... .max),
                    class: ticketClass
                )
            let ticket = LocalTicket(
                id: state.ticketCount,
                key: key,
                ticketClass: ticketClass,
                session: session,
                onProgress: onProgress
            )
            state.tickets[ticket.id] = ticket
            let listsFrom = state.machine.join(ticket.id, key: key, lease: session.id)
            return (ticket, listsFrom)
        }
        guard let joined else {
            throw RollingLockError(code: .closed, message: "the lock was shut down")
        }
        return joined
    }

    /// The keys of the tickets of this object.
    var ownKeys: Set<EtcdBytes> {
        self.state.withLock { Set($0.tickets.values.map(\.key)) }
    }

    /// Takes a ticket out of the queue as far as this process is concerned.
    func leave(_ ticket: LocalTicket) {
        ticket.ended.fulfil(.givenUp)
        self.update { state in
            state.machine.leave(ticket.id)
            state.tickets[ticket.id] = nil
            return []
        }
    }
}
