// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// A lock that is held.
///
/// It stays held until ``release()``, until it is lost, or until the ``RollingLock`` it came from is
/// shut down. Letting go of this object does **not** release the lock: the work that it protects
/// may still be going on. ``RollingLock/withLock(reason:timeout:onProgress:_:)`` has none of these
/// questions.
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

    init() { fatalError("not there yet") }

    /// How the lock stands now, computed from the clock.
    public var state: State { fatalError("not there yet") }

    /// True while the lock is certainly held, computed from the clock.
    public var isHeld: Bool { fatalError("not there yet") }

    /// The moment at which the lock is lost unless its lease is renewed before.
    ///
    /// It lies before the moment at which the server can expire the lease.
    public var deadline: ContinuousClock.Instant { fatalError("not there yet") }

    /// Waits until the lock is lost.
    ///
    /// - Returns: Why it was lost; `nil` if it was released.
    /// - Throws: `CancellationError` when the task was cancelled.
    public func waitUntilLost() async throws -> RollingLockLossReason? {
        fatalError("not there yet")
    }

    /// Gives the lock up.
    ///
    /// It may be called again, with the same outcome.
    ///
    /// Only this very ticket is ever deleted, never one that the unit made later.
    ///
    /// - Returns: What became of the ticket.
    /// - Throws: ``RollingLockError`` when etcd did not confirm in time. The ticket is then removed
    ///   in the background, at the latest by its lease.
    @discardableResult
    public func release() async throws -> RollingLockReleaseOutcome {
        fatalError("not there yet")
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
