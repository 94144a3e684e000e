// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension RollingLockHold {
    /// Keeps the lock held without this process: for an operation that ends it, such as a reboot.
    ///
    /// The ticket keeps its place and its fencing token, and moves to a lease that nobody renews. It
    /// is held until ``RollingLock/adopt(_:recording:onProgress:)`` or
    /// ``RollingLock/release(_:)`` is called with it, by any process, or until `ttl` has passed.
    ///
    /// This object has given the lock up then: ``state`` is `released`, and ``release()`` leaves the
    /// ticket alone. Inside `withLock` it must not be called.
    ///
    /// - Parameters:
    ///   - ttl: How long the lock stays held if nobody comes back for it; etcd counts whole seconds.
    ///   - recording: Called once before the ticket is moved, to write it down durably. What it
    ///     throws leaves everything as it was.
    /// - Returns: The ticket, whose former lease is settled.
    /// - Throws: ``RollingLockError``: ``RollingLockError/Code/lost`` if the lock was lost before;
    ///   ``RollingLockError/Code/unavailable`` if etcd did not confirm in time: the ticket that was
    ///   recorded then tells the two leases of which one counts. `CancellationError` if the task was
    ///   cancelled before the ticket was moved; or what `recording` threw.
    public func detach(
        ttl: Duration,
        recording: (RollingLockDetachedTicket) throws -> Void = { _ in }
    ) async throws -> RollingLockDetachedTicket {
        try await self.coordinator.detach(
            self.ticket,
            self.fencingToken,
            ttl: ttl,
            recording: recording
        )
    }
}
