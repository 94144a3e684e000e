// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The locks that the server itself offers (`v3lock`), for those who have to share them with others.
///
/// For everything else `RollingLock` serves better: it hands the lock over without the server's wait
/// of up to 100 ms, tells who waits that its place is gone and who holds that the lock is lost, and
/// never unlocks what somebody else holds. Here
///
/// - nobody learns that the lock was lost: follow the states of the lease session;
/// - ``unlock(_:)`` deletes a key by its name, and the same lease gets the same name again;
/// - two callers with the same lease both have the lock;
/// - a lock `a` waits for the holders of a lock `a/b` too;
/// - with authentication enabled, the member that waits for the caller may be refused what the caller
///   is permitted, and may be unable to remove the place of a caller who gives up.
///
/// ```swift
/// let session = try await client.openLeaseSession(ttl: .seconds(20))
/// let key = try await client.lockService.lock("jobs", lease: session.id)
/// try await client.lockService.unlock(key)
/// await session.close()
/// ```
public struct EtcdLockService: Sendable {
    let client: EtcdClient

    /// Waits for a lock.
    ///
    /// The call waits on the server for as long as it takes. Cancelling the task gives the place up,
    /// unless the place was just being taken or the answer was on its way: the lock may be queued for
    /// or held then; end the lease. It is not repeated when the connection is lost: the place may then still be in the queue, and
    /// may get the lock; ending the lease removes it.
    ///
    /// - Parameters:
    ///   - name: The lock's name; not empty. Its keys are `<name>/<lease-hex>`.
    ///   - lease: The lease whose end frees the lock. Keep it alive.
    ///   - timeout: How long to wait. Default: `nil`, without limit.
    /// - Returns: The key that stands for the held lock. Its create revision is a fencing token.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseNotFound``,
    ///   ``EtcdError/Code/ambiguous`` if the lock may or may not be held, also after the timeout,
    ///   ``EtcdError/Code/invalidArgument`` for an empty name or the lease 0; `CancellationError` if
    ///   the task was cancelled.
    public func lock(
        _ name: some EtcdBytesConvertible,
        lease: EtcdLeaseID,
        timeout: Duration? = nil
    ) async throws -> EtcdBytes {
        let lease = try EtcdClient.check(serviceLease: lease)
        return try await self.lock(name.etcdBytes, wireLease: lease, timeout)
    }

    /// Waits for a lock that hangs on a lease of the server's own.
    ///
    /// That lease is renewed by nobody, from the beginning of the wait on: whatever happens, place
    /// and lock are gone after 60 seconds, without a word. Cancelling the task may leave them behind
    /// until then.
    ///
    /// - Parameters:
    ///   - name: The lock's name; not empty.
    ///   - timeout: How long to wait. Default: `nil`, without limit.
    /// - Returns: The key that stands for the held lock.
    /// - Throws: As ``lock(_:lease:timeout:)``.
    public func lockOnServerLease(
        _ name: some EtcdBytesConvertible,
        timeout: Duration? = nil
    ) async throws -> EtcdBytes {
        try await self.lock(name.etcdBytes, wireLease: 0, timeout)
    }

    /// Gives a lock back.
    ///
    /// A key that does not exist is no error.
    ///
    /// - Parameter key: What ``lock(_:lease:timeout:)`` returned.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/ambiguous`` if the key may or may not be deleted;
    ///   `CancellationError` if the task was cancelled.
    public func unlock(_ key: some EtcdBytesConvertible) async throws {
        let key = key.etcdBytes
        try EtcdKeyRange.key(key).checkForRequest()
        _ = try await self.client.perform(LockServiceRPC.unlock, UnlockRequest(key: key.bytes))
    }

    private func lock(
        _ name: EtcdBytes,
        wireLease: Int64,
        _ timeout: Duration?
    ) async throws -> EtcdBytes {
        let request = LockRequest(
            name: try EtcdClient.check(serviceName: name),
            lease: wireLease
        )
        let response = try await self.client.wait(LockServiceRPC.lock, request, timeout: timeout)
        return EtcdBytes(adopting: response.key)
    }
}

extension EtcdClient {
    /// The locks that the server itself offers.
    public var lockService: EtcdLockService {
        EtcdLockService(client: self)
    }
}
