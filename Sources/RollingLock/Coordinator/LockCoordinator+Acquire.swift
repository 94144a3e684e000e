// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization

extension LockCoordinator {
    typealias Observer = @Sendable (RollingLockProgress) -> Void

    /// How long an enqueueing transaction whose fate is unknown is sent again.
    private static let settlingTime = Duration.seconds(10)

    private enum Race {
        case acquired(Result<RollingLockHold, any Error>)
        case timedOut
        case timerCancelled
    }

    /// How long a timeout waits for the confirmation that its ticket is removed.
    private static let removalPatience = Duration.seconds(1)

    /// Enters the queue and waits for the lock, for a limited time.
    func acquire(
        _ ticketClass: TicketClass,
        reason: String?,
        timeout: Duration?,
        onProgress: Observer?
    ) async throws -> RollingLockHold {
        guard let timeout else {
            return try await self.acquire(ticketClass, reason: reason, onProgress: onProgress)
        }
        let abandoned = OneShot<LocalTicket>()
        var isTimedOut = false
        var result: Result<RollingLockHold, any Error> = .failure(CancellationError())
        await withTaskGroup(of: Race.self) { group in
            group.addTask {
                do {
                    return .acquired(
                        .success(
                            try await self.acquire(
                                ticketClass,
                                reason: reason,
                                onProgress: onProgress,
                                abandoned: abandoned
                            )
                        )
                    )
                } catch {
                    return .acquired(.failure(error))
                }
            }
            group.addTask {
                do {
                    try await Task.sleep(for: timeout)
                    return .timedOut
                } catch {
                    return .timerCancelled
                }
            }
            for await outcome in group {
                switch outcome {
                case .acquired(let acquired): result = acquired
                case .timedOut: isTimedOut = true
                case .timerCancelled: continue
                }
                group.cancelAll()
            }
        }
        // The lock may have come in the last moment; then it is taken.
        if isTimedOut, !Task.isCancelled, case .failure(is CancellationError) = result {
            await abandoned.current?.removed.value(within: Self.removalPatience)
            throw RollingLockError(
                code: .timeout,
                message: "the lock was not free within \(timeout)"
            )
        }
        return try result.get()
    }

    /// Enters the queue and waits for the lock.
    ///
    /// A cancelled task returns at once, and its ticket is removed behind it; `abandoned` tells
    /// which one that is.
    private func acquire(
        _ ticketClass: TicketClass,
        reason: String?,
        onProgress: Observer?,
        abandoned: OneShot<LocalTicket>? = nil
    ) async throws -> RollingLockHold {
        try self.begin()
        defer { self.end() }
        do {
            return try await self.onFreshLease { session in
                let (ticket, listsFrom) = try self.join(
                    session,
                    class: ticketClass,
                    onProgress: onProgress
                )
                return try await self.orRemove(ticket, abandoned) {
                    try await self.enter(ticket, reason, listsFrom: listsFrom)
                    let token = try await self.granted(ticket)
                    return RollingLockHold(coordinator: self, ticket: ticket, fencingToken: token)
                }
            }
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    /// Puts a ticket at the end of the queue.
    private func enter(
        _ ticket: LocalTicket,
        _ reason: String?,
        listsFrom: EtcdRevision
    ) async throws {
        let request = self.newTicket(ticket, reason)
        let entered = try await self.enqueue(ticket, request, listsFrom: listsFrom)
        self.update {
            $0.machine.entered(
                ticket.id,
                as: entered.entry,
                at: entered.revision,
                listing: entered.listing
            )
        }
    }

    /// What an attempt to take the lock at once has shown.
    private enum Attempt {
        case held(RollingLockHold)
        /// Others hold it who would bear one more.
        case hasRoom
        /// Nobody holds it, but somebody came to an unclean end.
        case awaitsTakeover
        case taken
    }

    /// Takes the lock if that is possible at once.
    func tryAcquire(
        _ ticketClass: TicketClass,
        reason: String?,
        onProgress: Observer?
    ) async throws -> RollingLockHold? {
        try self.begin()
        defer { self.end() }
        do {
            switch try await self.attempt(ticketClass, reason, onProgress) {
            case .held(let hold): return hold
            case .taken: return nil
            case .hasRoom:
                return try await self.acquireOrLeave(ticketClass, reason, onProgress)
            case .awaitsTakeover: break
            }
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
        do {
            // Whoever only ever tries would find it so for ever.
            return try await self.acquire(
                ticketClass,
                reason: reason,
                timeout: self.configuration.takeoverDelay + Self.takeoverMargin,
                onProgress: onProgress
            )
        } catch let error as RollingLockError where error.code == .timeout {
            return nil
        }
    }

    /// How much longer than the takeover delay the lock is tried for.
    private static let takeoverMargin = Duration.seconds(2)

    /// Takes the lock in one transaction, which leaves nothing behind if it is not free.
    private func attempt(
        _ ticketClass: TicketClass,
        _ reason: String?,
        _ onProgress: Observer?
    ) async throws -> Attempt {
        try await self.onFreshLease { session in
            let (ticket, _) = try self.join(session, class: ticketClass, onProgress: onProgress)
            return try await self.orRemove(ticket) {
                switch try await self.take(ticket, reason) {
                case .notFree(let listing):
                    self.leave(ticket)
                    return self.state.withLock { state -> Attempt in
                        // It was never made, so its key is as good as before.
                        state.reusableKeys.give(ticket.key, of: session.id, ticketClass)
                        if state.machine.wouldAdmit(ticketClass, listing: listing) {
                            return .hasRoom
                        }
                        return state.machine.onlyAwaitsTakeovers(listing: listing)
                            ? .awaitsTakeover : .taken
                    }
                case .taken(let entered):
                    self.update {
                        $0.machine.took(ticket.id, as: entered.entry, listing: entered.listing)
                    }
                    let token = try await self.granted(ticket)
                    return .held(
                        RollingLockHold(coordinator: self, ticket: ticket, fencingToken: token)
                    )
                }
            }
        }
    }

    /// Enters the queue, and leaves it again if that does not give the lock at once.
    private func acquireOrLeave(
        _ ticketClass: TicketClass,
        _ reason: String?,
        _ onProgress: Observer?
    ) async throws -> RollingLockHold? {
        try await self.onFreshLease { session in
            let (ticket, listsFrom) = try self.join(
                session,
                class: ticketClass,
                onProgress: onProgress
            )
            return try await self.orRemove(ticket) {
                try await self.enter(ticket, reason, listsFrom: listsFrom)
                guard ticket.granted.current != nil else {
                    self.leave(ticket)
                    self.reap(ticket)
                    await ticket.removed.value(within: Self.removalPatience)
                    return nil
                }
                let token = try await self.granted(ticket)
                return RollingLockHold(coordinator: self, ticket: ticket, fencingToken: token)
            }
        }
    }

    /// Waits until a ticket holds the lock.
    ///
    /// - Returns: The fencing token.
    func granted(_ ticket: LocalTicket) async throws -> EtcdRevision {
        let token = try await ticket.granted.value().get()
        // What granted it may be old: the process may have stood still since then.
        if case .lost(let reason) = ticket.session.state {
            throw RollingLockError.lost(.init(reason), whileWaiting: true)
        }
        return token
    }

    /// Runs an attempt on the lease that is there, and once more on a new one if the server does
    /// not know that lease any more.
    private func onFreshLease<Result>(
        _ attempt: (EtcdLeaseSession) async throws -> Result
    ) async throws -> Result {
        let session = try await self.session()
        do {
            return try await attempt(session)
        } catch let error as EtcdError where error.code == .leaseNotFound {
            self.discard(session, .leaseRevoked)
            return try await attempt(self.session())
        }
    }

    func session() async throws -> EtcdLeaseSession {
        try await self.sessions.session { session in
            // It ends when the lease does.
            Task { await self.follow(session) }
        }
    }

    /// Runs the body; if it fails, nothing of the ticket is left in etcd in the end.
    func orRemove<Result>(
        _ ticket: LocalTicket,
        _ abandoned: OneShot<LocalTicket>? = nil,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch {
            ticket.reportLoss()
            self.leave(ticket)
            if error.leavesFateUnknown || ticket.mayArriveLate {
                abandoned?.fulfil(ticket)
                self.reap(ticket)
            }
            throw error
        }
    }

    private func take(_ ticket: LocalTicket, _ reason: String?) async throws -> LockRequests.Taking
    {
        do {
            return try await self.requests.take(self.newTicket(ticket, reason))
        } catch {
            if error.leavesFateUnknown { ticket.noteUncertainty() }
            throw error
        }
    }

    private func newTicket(_ ticket: LocalTicket, _ reason: String?) -> LockRequests.NewTicket {
        let record = TicketRecord(
            unit: self.configuration.unit.string,
            since: .now,
            reason: reason
        )
        return .init(key: ticket.key, lease: ticket.session.id, record: record)
    }

    /// Sends the ticket.
    ///
    /// If the answer is lost, sends it again to learn what became of it: the key is unique, so
    /// there is never a second ticket.
    private func enqueue(
        _ ticket: LocalTicket,
        _ request: LockRequests.NewTicket,
        listsFrom: EtcdRevision
    ) async throws -> LockRequests.Entered {
        let deadline = ContinuousClock.now.advanced(by: Self.settlingTime)
        var backoff = Backoff()
        while true {
            do {
                return try await self.requests.enqueue(request, listsFrom: listsFrom)
            } catch {
                if error.leavesFateUnknown { ticket.noteUncertainty() }
                let mayBeThere = ticket.mayArriveLate
                guard let error = error as? EtcdError, mayBeThere, error.isWorthRepeating,
                    ticket.granted.current == nil, ContinuousClock.now < deadline
                else { throw error }
                try await Task.sleep(for: backoff.next())
            }
        }
    }
}

extension EtcdError {
    /// True if the same request may succeed a moment later.
    fileprivate var isWorthRepeating: Bool {
        self.isRetryable || self.code == .ambiguous || self.code == .deadlineExceeded
    }
}
