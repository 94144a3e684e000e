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

    struct State: ~Copyable {
        var machine = LockQueueStateMachine()
        var tickets: [TicketID: LocalTicket] = [:]
        var ticketCount = 0
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
        var ownerIsGone = false
        var isClosed = false

        var isIdle: Bool { self.machine.isIdle && self.users == 0 }
    }

    let requests: LockRequests
    let configuration: RollingLock.Configuration
    let sessions: LeaseSessionKeeper
    private let state = Mutex(State())

    var keys: LockKeys { self.requests.keys }
    var logger: Logger { self.configuration.logger }

    init(client: EtcdClient, keys: LockKeys, configuration: RollingLock.Configuration) {
        self.requests = LockRequests(client: client, keys: keys)
        self.configuration = configuration
        self.sessions = LeaseSessionKeeper(client: client, ttl: configuration.leaseTTL)
    }

    // MARK: Events

    /// Tells the machine what happened and does what it decides.
    func update(_ event: (inout State) -> [Action]) {
        var effects: [Effect] = []
        var startsJanitor = false
        self.state.withLock { state in
            let actions = event(&state)
            state.sequence += 1
            for action in actions {
                if action == .openWatch { self.startWatch(&state) }
                if let effect = state.effect(of: action) { effects.append(effect) }
            }
            effects += state.progress()
            startsJanitor = state.noticeIdleness()
        }
        for effect in effects { self.perform(effect) }
        if startsJanitor { self.startJanitor() }
    }

    private func startWatch(_ state: inout State) {
        state.watchCount += 1
        let generation = state.watchCount
        // It serves all tickets, so it belongs to none of their tasks.
        state.watch = (generation, Task { await self.runWatch(generation) })
    }

    private func startJanitor() {
        // Nobody waits for it; it ends by itself.
        Task { await self.runJanitor() }
    }

    /// What is left to do once the mutex is free.
    enum Effect {
        case list(LockQueueStateMachine.ListingID)
        case grant(LocalTicket, EtcdRevision, sequence: Int)
        case lose(LocalTicket, RollingLockLossReason, sequence: Int)
        case place(LocalTicket, ahead: [EtcdBytes], sequence: Int)
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

    /// Registers a ticket that is about to be sent, and starts the watch if there is none.
    ///
    /// - Returns: The ticket, and the create revision from which on its transaction is to list.
    func join(
        _ session: EtcdLeaseSession,
        mayWait: Bool,
        onProgress: (@Sendable (RollingLockProgress) -> Void)?
    ) throws(RollingLockError) -> (ticket: LocalTicket, listsFrom: EtcdRevision) {
        let key = self.keys.ticket(lease: session.id, nonce: .random(in: .min ... .max))
        let joined = self.state.withLock { state -> (LocalTicket, EtcdRevision)? in
            guard !state.isClosed else { return nil }
            state.ticketCount += 1
            let ticket = LocalTicket(
                id: state.ticketCount,
                key: key,
                session: session,
                onProgress: onProgress
            )
            state.tickets[ticket.id] = ticket
            let action = state.machine.join(
                ticket.id,
                key: key,
                lease: session.id,
                mayWait: mayWait
            )
            if action.opensWatch { self.startWatch(&state) }
            return (ticket, action.listsFrom)
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

    // MARK: Lease

    /// Tells the tickets of a session how their lease stands, until it is lost.
    func follow(_ session: EtcdLeaseSession) async {
        var wasSuspect = false
        for await leaseState in session.states {
            switch leaseState {
            case .live where wasSuspect:
                wasSuspect = false
                self.report(on: session) { token in .held(fencingToken: token) }
            case .live:
                break
            case .suspect(let until):
                wasSuspect = true
                self.logger.warning("renewals of the lease are overdue")
                self.report(on: session) { _ in .suspect(until: until) }
            case .lost(let reason):
                self.update { $0.machine.leaseEnded(session.id, .init(reason)) }
                return
            }
        }
    }

    private func report(
        on session: EtcdLeaseSession,
        _ progress: (EtcdRevision) -> RollingLockProgress
    ) {
        let (tickets, sequence) = self.state.withLock { state in
            state.sequence += 1
            return (state.tickets.values.filter { $0.session === session }, state.sequence)
        }
        for ticket in tickets {
            guard case .success(let token)? = ticket.granted.current else { continue }
            ticket.report(progress(token), sequence: sequence)
        }
    }

    // MARK: Watch and listings

    /// An event of the watch; those of an earlier watch are ignored.
    private func update(
        watch generation: Int,
        _ event: (inout LockQueueStateMachine) -> [Action]
    ) {
        self.update { state in
            guard state.watch?.generation == generation else { return [] }
            return event(&state.machine)
        }
    }

    private func runWatch(_ generation: Int) async {
        var backoff = Backoff()
        while true {
            do {
                let watch = try await self.requests.client.watch(
                    .prefix(self.keys.queuePrefix),
                    options: .init(excludesPuts: true, reportsResumption: true)
                )
                self.update(watch: generation) { $0.watchOpened() }
                backoff = Backoff()
                for try await batch in watch { self.received(batch, watch: generation) }
            } catch {
                self.watchFailed(error)
            }
            var action = LockQueueStateMachine.WatchEndedAction.none
            self.update(watch: generation) { machine in
                action = machine.watchEnded()
                return []
            }
            guard action == .open, !Task.isCancelled else { return }
            try? await Task.sleep(for: backoff.next())
        }
    }

    private func received(_ batch: EtcdWatchBatch, watch generation: Int) {
        switch batch.kind {
        case .events:
            let deletions = batch.events.filter { $0.kind == .delete }
                .map { QueueDeletion(key: $0.key, revision: $0.revision) }
            self.update(watch: generation) { $0.deleted(deletions) }
        case .resumed:
            self.update(watch: generation) { $0.watchResumed() }
        case .progress:
            break
        }
    }

    /// Whoever waits cannot be told when its turn comes if etcd refuses the watch for good.
    private func watchFailed(_ error: any Error) {
        guard !(error is CancellationError) else { return }
        self.logger.info("the watch on the queue ended: \(error)")
        guard error.isRefusal else { return }
        let translated = RollingLockError.translate(error, self.keys) as? RollingLockError
        guard let translated else { return }
        let tickets = self.state.withLock { Array($0.tickets.values) }
        // The tasks that wait take their tickets back; a ticket that holds the lock takes no notice.
        for ticket in tickets { ticket.granted.fulfil(.failure(translated)) }
    }

    private func list(_ id: LockQueueStateMachine.ListingID) async {
        do {
            let (revision, entries) = try await self.requests.list()
            self.update { $0.machine.listed(id, at: revision, listing: entries) }
        } catch {
            self.logger.info("the queue could not be read: \(error)")
            try? await Task.sleep(for: .milliseconds(500))
            self.update { $0.machine.listingFailed(id) }
        }
    }

    // MARK: The end

    /// Lets go of lease and watch once nothing has needed them for a while.
    private func runJanitor() async {
        while true {
            let deadline = self.state.withLock { state -> ContinuousClock.Instant? in
                guard let idleSince = state.idleSince, state.isIdle else {
                    state.isJanitorRunning = false
                    return nil
                }
                return state.ownerIsGone
                    ? .now : idleSince.advanced(by: self.configuration.idleTime)
            }
            guard let deadline else { return }
            try? await Task.sleep(until: deadline)
            if await self.tearDown(idleBefore: .now) { return }
        }
    }

    /// Ends lease and watch if the lock is idle.
    ///
    /// - Returns: False if it is not, or not for long enough.
    private func tearDown(idleBefore moment: ContinuousClock.Instant) async -> Bool {
        var session: EtcdLeaseSession?
        var watch: Task<Void, Never>?
        let isDone = self.state.withLock { state in
            guard state.isIdle, let idleSince = state.idleSince,
                state.ownerIsGone
                    || idleSince.advanced(by: self.configuration.idleTime) <= moment
            else { return false }
            watch = state.endWatch()
            session = self.sessions.takeSession()
            state.isJanitorRunning = false
            return true
        }
        watch?.cancel()
        await session?.close()
        return isDone
    }

    /// Nobody can use the lock any more: let go of what is not needed by a hold.
    func ownerIsGone() {
        let isIdle = self.state.withLock { state in
            state.ownerIsGone = true
            return state.isIdle
        }
        // A deinit cannot wait.
        if isIdle { Task { _ = await self.tearDown(idleBefore: .now) } }
    }

    /// Ends everything; tickets vanish with their lease.
    func shutdown() async {
        var watch: Task<Void, Never>?
        var tickets: [LocalTicket] = []
        var sequence = 0
        self.state.withLock { state in
            state.isClosed = true
            watch = state.endWatch()
            tickets = Array(state.tickets.values)
            for ticket in tickets { state.machine.leave(ticket.id) }
            state.tickets = [:]
            state.sequence += 1
            sequence = state.sequence
        }
        watch?.cancel()
        for ticket in tickets {
            ticket.lose(.closed)
            ticket.report(.lost(.closed), sequence: sequence)
        }
        await self.sessions.close()
    }
}

extension LockCoordinator.State {
    /// Notes since when the lock is idle.
    ///
    /// - Returns: True if somebody must look again later, and nobody does so far.
    fileprivate mutating func noticeIdleness() -> Bool {
        guard self.isIdle, self.idleSince == nil else { return false }
        self.idleSince = .now
        defer { self.isJanitorRunning = true }
        return !self.isJanitorRunning
    }

    fileprivate mutating func endWatch() -> Task<Void, Never>? {
        defer { self.watch = nil }
        _ = self.machine.watchEnded()
        return self.watch?.task
    }

    /// Finds the ticket that an action is about.
    fileprivate mutating func effect(
        of action: LockCoordinator.Action
    ) -> LockCoordinator.Effect? {
        switch action {
        case .openWatch:
            return nil
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
    fileprivate func progress() -> [LockCoordinator.Effect] {
        var effects: [LockCoordinator.Effect] = []
        for ticket in self.tickets.values where ticket.isObserved {
            let ahead = self.machine.ahead(of: ticket.id)
            guard !ahead.isEmpty else { continue }
            effects.append(.place(ticket, ahead: ahead, sequence: self.sequence))
        }
        return effects
    }
}

extension RollingLockLossReason {
    init(_ reason: EtcdLeaseSession.LossReason) {
        switch reason {
        case .expired: self = .leaseExpired
        case .revoked: self = .leaseRevoked
        default: self = .closed
        }
    }
}
