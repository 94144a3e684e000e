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
        reason: String?,
        timeout: Duration?,
        onProgress: Observer?
    ) async throws -> RollingLockHold {
        guard let timeout else {
            return try await self.acquire(reason: reason, onProgress: onProgress)
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
                    onProgress: onProgress
                )
                return try await self.orRemove(ticket, abandoned) {
                    let entered = try await self.enqueue(
                        ticket,
                        self.newTicket(ticket, reason),
                        listsFrom: listsFrom
                    )
                    self.update {
                        $0.machine.entered(
                            ticket.id,
                            as: entered.entry,
                            at: entered.revision,
                            listing: entered.listing
                        )
                    }
                    let token = try await self.granted(ticket)
                    return RollingLockHold(coordinator: self, ticket: ticket, fencingToken: token)
                }
            }
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    /// Takes the lock if the queue is empty.
    func tryAcquire(reason: String?, onProgress: Observer?) async throws -> RollingLockHold? {
        try self.begin()
        defer { self.end() }
        do {
            return try await self.onFreshLease { session in
                let (ticket, _) = try self.join(session, onProgress: onProgress)
                return try await self.orRemove(ticket) {
                    guard let entry = try await self.take(ticket, reason) else {
                        self.leave(ticket)
                        // It was never made, so its key is as good as before.
                        self.state.withLock {
                            $0.reusableKeys.give(ticket.key, of: ticket.session.id)
                        }
                        return nil
                    }
                    self.update { $0.machine.took(ticket.id, as: entry) }
                    let token = try await self.granted(ticket)
                    return RollingLockHold(coordinator: self, ticket: ticket, fencingToken: token)
                }
            }
        } catch {
            throw RollingLockError.translate(error, self.requests)
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

    private func take(_ ticket: LocalTicket, _ reason: String?) async throws -> QueueEntry? {
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
