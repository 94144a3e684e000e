// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension RollingLock {
    /// Takes over a lock that was detached: by another process, or before a reboot.
    ///
    /// The ticket is recognised by its create revision, its lease and the cluster of etcd. It keeps
    /// its place and fencing token, and lives from now on with this object, whose lease is renewed.
    /// Of several who try, one succeeds.
    ///
    /// - Parameters:
    ///   - ticket: What ``RollingLockHold/detach(ttl:recording:)`` gave.
    ///   - recording: Called once before the ticket is moved to this object's lease, to write that
    ///     down durably. What it throws leaves everything as it was.
    ///   - onProgress: Called at every change of state until the lock is released.
    /// - Returns: The held lock. It must be released.
    /// - Throws: ``RollingLockError``: ``RollingLockError/Code/lost`` if the ticket is gone or etcd is
    ///   another cluster now, ``RollingLockError/Code/invalidArgument`` if it is not a ticket of this
    ///   lock and unit or another process has taken it over. `CancellationError` if the task was
    ///   cancelled; the lock is given up then unless nothing was moved yet.
    public func adopt(
        _ ticket: RollingLockDetachedTicket,
        recording: (RollingLockDetachedTicket) throws -> Void = { _ in },
        onProgress: (@Sendable (RollingLockProgress) -> Void)? = nil
    ) async throws -> RollingLockHold {
        try await self.coordinator.adopt(
            ticket,
            recording: recording,
            onProgress: onProgress
        )
    }

    /// Holds a detached lock for a further while without taking it over.
    ///
    /// - Parameters:
    ///   - ticket: What ``RollingLockHold/detach(ttl:recording:)`` gave.
    ///   - ttl: How long the lock stays held from now on if nobody comes back for it.
    ///   - recording: Called once before the ticket is moved to another lease.
    /// - Returns: The ticket as it stands now.
    /// - Throws: As ``adopt(_:recording:onProgress:)``.
    public func extend(
        _ ticket: RollingLockDetachedTicket,
        ttl: Duration,
        recording: (RollingLockDetachedTicket) throws -> Void = { _ in }
    ) async throws -> RollingLockDetachedTicket {
        try await self.coordinator.extend(ticket, ttl: ttl, recording: recording)
    }

    /// Gives a detached lock up.
    ///
    /// Only this very ticket is ever deleted. It may be called again, with the outcome
    /// ``RollingLockReleaseOutcome/released`` as long as the unit has not released a later one.
    ///
    /// - Parameter ticket: What ``RollingLockHold/detach(ttl:recording:)`` gave.
    /// - Returns: What became of the ticket.
    /// - Throws: ``RollingLockError``: ``RollingLockError/Code/unavailable`` if etcd did not confirm in
    ///   time, ``RollingLockError/Code/invalidArgument`` if it is not a ticket of this lock and unit;
    ///   `CancellationError` if the task was cancelled.
    @discardableResult
    public func release(
        _ ticket: RollingLockDetachedTicket
    ) async throws -> RollingLockReleaseOutcome {
        try await self.coordinator.release(ticket)
    }
}
