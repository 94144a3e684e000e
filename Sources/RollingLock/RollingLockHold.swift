// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// A lock that is held.
///
/// It stays held until ``release()``, until it is lost, or until the ``RollingLock`` it came from is
/// shut down. Letting go of this object does **not** release the lock: the work that it protects
/// may still be going on. ``RollingLock/withLock(mode:reason:timeout:onProgress:_:)`` has none of
/// these questions.
///
/// It may be used from any task.
public final class RollingLockHold: Sendable {
    /// Grows strictly from holder to holder: a resource that remembers the largest one it saw can
    /// refuse a holder that lost the lock without knowing it.
    ///
    /// It is the create revision of ``key``.
    public let fencingToken: EtcdRevision

    /// The ticket in etcd.
    public let key: EtcdBytes

    /// The lease that the ticket depends on.
    public let leaseID: EtcdLeaseID

    /// How the lock stands.
    public enum State: Sendable, Hashable {
        /// Held; without a further renewal until then.
        case held(until: ContinuousClock.Instant)
        /// Held, but renewals are overdue; lost at that moment unless one succeeds.
        case suspect(until: ContinuousClock.Instant)
        /// Lost.
        case lost(RollingLockLossReason)
        /// Given up by ``RollingLockHold/release()``.
        case released
    }

    let coordinator: LockCoordinator
    let ticket: LocalTicket

    init(coordinator: LockCoordinator, ticket: LocalTicket, fencingToken: EtcdRevision) {
        self.coordinator = coordinator
        self.ticket = ticket
        self.fencingToken = fencingToken
        self.key = ticket.key
        self.leaseID = ticket.session.id
    }

    /// How the lock stands now, computed from the clock.
    public var state: State {
        switch self.ticket.ended.current {
        case .givenUp: return .released
        case .lost(let reason): return .lost(reason)
        case nil: break
        }
        switch self.ticket.session.state {
        case .live(let until): return .held(until: until)
        case .suspect(let until): return .suspect(until: until)
        case .lost(let reason): return .lost(RollingLockLossReason(reason))
        }
    }

    /// True while the lock is certainly held, computed from the clock.
    public var isHeld: Bool {
        switch self.state {
        case .held, .suspect: true
        case .lost, .released: false
        }
    }

    /// The moment at which the lock is lost unless its lease is renewed before.
    ///
    /// It lies before the moment at which the server can expire the lease.
    public var deadline: ContinuousClock.Instant { self.ticket.session.deadline }

    /// Waits until the lock is lost.
    ///
    /// - Returns: Why it was lost; `nil` if it was released.
    /// - Throws: `CancellationError` when the task was cancelled.
    public func waitUntilLost() async throws -> RollingLockLossReason? {
        switch try await self.ticket.ended.value() {
        case .lost(let reason): reason
        case .givenUp: nil
        }
    }

    /// Gives the lock up; it may be called again, with the same outcome.
    ///
    /// Only this very ticket is ever deleted, never one that the unit made later.
    ///
    /// - Returns: What became of the ticket.
    /// - Throws: ``RollingLockError`` when etcd did not confirm in time. The ticket is then removed
    ///   in the background, at the latest by its lease. `CancellationError` when the task was
    ///   cancelled; the release then goes on in the background.
    @discardableResult
    public func release() async throws -> RollingLockReleaseOutcome {
        try await self.coordinator.release(self.ticket, self.fencingToken)
    }

    /// Makes sure that whoever follows the progress knows of a loss.
    func reportLoss() {
        self.ticket.reportLoss()
    }

    /// Tells whoever follows the progress of a loss that only the release has shown.
    func reportLoss(_ reason: RollingLockLossReason) {
        self.ticket.report(.lost(reason), sequence: .max)
    }

    /// Gives the lock up also in a cancelled task, which then waits for a moment only.
    func releaseAtTheEnd() async throws -> RollingLockReleaseOutcome? {
        guard Task.isCancelled else { return try await self.release() }
        // The release must not be cancelled with the caller's task.
        Task { try await self.release() }
        return try await self.ticket.released.value(within: .seconds(1))?.get()
    }
}

/// What became of a ticket that its owner gave up.
public enum RollingLockReleaseOutcome: Sendable, Hashable {
    /// It was there and was deleted by this release.
    case released
    /// It was gone before: the lock had been lost.
    case alreadyGone
    /// Its key exists, but as a ticket that somebody made later; it was left alone.
    case notMine
}
