// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdClient {
    /// Creates a lease: keys attached to it are deleted when it expires or is revoked.
    ///
    /// The lease is not renewed by itself: see ``openLeaseSession(ttl:)`` for one that is. The
    /// client chooses the lease's ID, so that asking again after a lost answer cannot leave a
    /// second lease behind.
    ///
    /// - Parameters:
    ///   - ttl: How long the lease lives without being renewed; rounded up to whole seconds.
    ///   - id: The ID to use; `nil` lets the client choose a random one.
    /// - Returns: The lease with the time to live that the server really granted.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseExists`` if the given ID is taken,
    ///   ``EtcdError/Code/leaseTTLTooLarge``, ``EtcdError/Code/invalidArgument`` if the time is
    ///   not positive; `CancellationError` if the task was cancelled.
    public func grantLease(ttl: Duration, id: EtcdLeaseID? = nil) async throws -> EtcdLeaseGrant {
        fatalError("not written yet")
    }

    /// Ends a lease and deletes the keys attached to it.
    ///
    /// - Parameter id: The lease.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseNotFound`` if there is no such lease (any
    ///   more), ``EtcdError/Code/permissionDenied`` if a key attached to it may not be deleted;
    ///   `CancellationError` if the task was cancelled.
    public func revokeLease(_ id: EtcdLeaseID) async throws {
        fatalError("not written yet")
    }

    /// Asks how long a lease has left.
    ///
    /// - Parameters:
    ///   - id: The lease.
    ///   - includingKeys: Whether the keys attached to it are listed too.
    /// - Returns: What is left of the lease, or `nil` if there is no such lease.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func timeToLive(
        of id: EtcdLeaseID,
        includingKeys: Bool = false
    ) async throws -> EtcdLeaseTimeToLive? {
        fatalError("not written yet")
    }

    /// Lists all leases of the cluster.
    ///
    /// - Returns: The IDs of the leases, in no particular order.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func leases() async throws -> [EtcdLeaseID] {
        fatalError("not written yet")
    }

    /// Renews a lease once.
    ///
    /// - Parameter id: The lease.
    /// - Returns: The time the lease now lives, counted from a moment no earlier than the call.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseNotFound`` if there is no such lease (any
    ///   more); `CancellationError` if the task was cancelled.
    public func keepAlive(_ id: EtcdLeaseID) async throws -> Duration {
        fatalError("not written yet")
    }

    /// Creates a lease and keeps it alive until the session is closed.
    ///
    /// - Parameter ttl: How long the lease lives without being renewed; rounded up to whole
    ///   seconds. Renewals go out every third of the time granted.
    /// - Returns: The session.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func openLeaseSession(ttl: Duration) async throws -> EtcdLeaseSession {
        fatalError("not written yet")
    }

    /// Creates a lease and keeps it alive for as long as a closure runs.
    ///
    /// The lease is revoked at the end, whether the closure returns or throws. Losing the lease
    /// does not stop the closure: watch ``EtcdLeaseSession/states``.
    ///
    /// - Parameters:
    ///   - ttl: How long the lease lives without being renewed.
    ///   - body: Uses the session.
    /// - Returns: What the closure returned.
    /// - Throws: ``EtcdError`` if the lease cannot be created, `CancellationError` if the task
    ///   was cancelled, or what the closure threw.
    public func withLease<Result>(
        ttl: Duration,
        _ body: (EtcdLeaseSession) async throws -> Result
    ) async throws -> Result {
        let session = try await self.openLeaseSession(ttl: ttl)
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            await session.close()
            throw error
        }
    }
}
