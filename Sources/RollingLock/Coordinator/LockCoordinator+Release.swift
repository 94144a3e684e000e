// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization
import Logging

extension LockCoordinator {
    /// How long a release is repeated before it is left to the background.
    private static let releaseTime = Duration.seconds(10)

    /// How long removals may fail until the lease itself is given up.
    private static let reapingTime = Duration.seconds(60)

    /// When an unwanted ticket is looked for again, if its transaction may still be under way on
    /// the servers.
    ///
    /// They drop what they could not decide within about seven seconds.
    private static let lateArrivals: [Duration] = [
        .milliseconds(500), .seconds(1), .seconds(2), .seconds(4), .seconds(8),
    ]

    /// Gives a held lock up.
    ///
    /// Further calls wait for the first one and see its outcome.
    func release(
        _ ticket: LocalTicket,
        _ token: EtcdRevision,
        freezing record: FreezeRecord? = nil
    ) async throws -> RollingLockReleaseOutcome {
        guard ticket.claimRelease() else { return try await ticket.released.value().get() }

        if case .lost? = ticket.ended.current {
            // It may still be there if it was lost by the local clock; nobody needs to wait for that.
            self.reap(ticket)
            ticket.released.fulfil(.success(.alreadyGone))
            return .alreadyGone
        }
        // No ``begin()``: a release goes on when the lock is shut down.
        self.keepAlive()
        self.leave(ticket)
        do {
            let outcome = try await self.settleRelease(ticket, token, record)
            self.end()
            return outcome
        } catch let error as CancellationError {
            // The caller does not wait, the release goes on.
            Task {
                _ = try? await self.settleRelease(ticket, token, record)
                self.end()
            }
            throw error
        } catch {
            self.end()
            throw error
        }
    }

    /// Repeats the release until it is confirmed.
    private func settleRelease(
        _ ticket: LocalTicket,
        _ token: EtcdRevision,
        _ record: FreezeRecord?
    ) async throws -> RollingLockReleaseOutcome {
        let entry = QueueEntry(key: ticket.key, createRevision: token)
        let deadline = ContinuousClock.now.advanced(by: Self.releaseTime)
        var backoff = Backoff()
        while true {
            do {
                let outcome =
                    if let record {
                        try await self.requests.release(entry, freezing: record)
                    } else {
                        try await self.requests.release(entry)
                    }
                if ticket.mayArriveLate {
                    self.reap(ticket)
                } else if outcome == .released {
                    self.state.withLock {
                        $0.reusableKeys.give(
                            ticket.key,
                            of: ticket.session.id,
                            ticket.ticketClass
                        )
                    }
                }
                ticket.released.fulfil(.success(outcome))
                return outcome
            } catch let error as CancellationError {
                throw error
            } catch {
                guard !error.isRefusal, !ticket.session.isLost, ContinuousClock.now < deadline
                else {
                    self.reap(ticket)
                    let translated = RollingLockError.translate(error, self.requests)
                    let failure =
                        translated as? RollingLockError
                        ?? RollingLockError(
                            code: .failed,
                            message: "the release failed",
                            cause: error
                        )
                    ticket.released.fulfil(.failure(failure))
                    throw failure
                }
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    /// Removes the ticket in the background until etcd has confirmed or its lease is gone.
    func reap(_ ticket: LocalTicket) {
        self.keepAlive()
        self.expect(ticket.removed)
        // It must outlive the task that does not want the ticket any more.
        Task {
            await self.removeUntilConfirmed(ticket)
            self.happened(ticket.removed)
            if ticket.mayArriveLate {
                for pause in Self.lateArrivals where !ticket.session.isLost {
                    try? await Task.sleep(for: pause)
                    await self.removeUntilConfirmed(ticket)
                }
            }
            self.end()
        }
    }

    private func removeUntilConfirmed(_ ticket: LocalTicket) async {
        let deadline = ContinuousClock.now.advanced(by: Self.reapingTime)
        var backoff = Backoff()
        while true {
            do {
                try await self.requests.remove(ticket.key, lease: ticket.session.id)
                return
            } catch {
                if ticket.session.isLost { return }
                if (error as? EtcdError)?.code == .closed { return }
                guard ContinuousClock.now < deadline else {
                    // Whoever stands behind must not wait for ever: let the lease expire.
                    self.logger.error("a ticket could not be removed, its lease is given up")
                    self.discard(ticket.session, .leaseExpired)
                    return
                }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }
}

extension EtcdLeaseSession {
    /// True once nothing can hang on this lease any more, by the local clock.
    var isLost: Bool {
        if case .lost = self.state { true } else { false }
    }
}
