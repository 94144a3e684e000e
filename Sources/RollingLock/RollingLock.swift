// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit
import Logging

/// A fair lock across all units of a cluster, for rolling operations.
///
/// Whoever asks first gets it first: every acquisition is a ticket in etcd, ordered by its create
/// revision. A ticket hangs on a lease, so the lock of a unit that died is free after
/// ``Configuration/leaseTTL``. The handoff needs no request: when the ticket ahead is deleted, the
/// next one in the queue holds the lock at once.
///
/// ```swift
/// let lock = try RollingLock(
///     client: client, configuration: .init(clusterID: "blue", unit: "app/0"))
/// try await lock.withLock(reason: "restart", timeout: .seconds(600)) { hold in
///     try await restartTheService()
/// }
/// await lock.shutdown()
/// ```
///
/// One object serves any number of tasks; each `acquire` has its own place in the queue. The object
/// keeps one lease and one watch while there is something to do, and
/// ``Configuration/idleTime`` longer.
///
/// - Important: Anybody who may write below `<root>/<cluster-id>/` can forge or remove the ticket of
///   any unit in that cluster. Nothing that is stored makes a unit act, so this can delay units or
///   let two of them run at once, but not make them run anything.
public final class RollingLock: Sendable {
    /// What this lock was made with.
    public let configuration: Configuration

    let coordinator: LockCoordinator

    /// Makes a lock.
    ///
    /// Nothing is sent before the first use.
    ///
    /// - Parameters:
    ///   - client: The client to use. It must live longer than the lock.
    ///   - configuration: Which lock, and for whom.
    /// - Throws: ``RollingLockError`` with ``RollingLockError/Code/invalidName`` or
    ///   ``RollingLockError/Code/invalidArgument``.
    public init(client: EtcdClient, configuration: Configuration) throws {
        let keys = try LockKeys(configuration)
        if let group = configuration.group { try LockKeys.check(group: group) }
        guard configuration.leaseTTL > .zero, configuration.idleTime >= .zero else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "the lease's time to live must be positive"
            )
        }
        guard configuration.takeoverDelay >= .zero else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "the takeover delay must not be negative"
            )
        }
        self.configuration = configuration
        self.coordinator = LockCoordinator(
            client: client,
            keys: keys,
            configuration: configuration
        )
    }

    deinit {
        self.coordinator.ownerIsGone()
    }

    /// Runs a closure while holding the lock.
    ///
    /// The lock is released when the closure ends, however it ends. If the lock is lost meanwhile,
    /// the closure's task is cancelled at once, and after the closure has ended this function
    /// throws, even if the closure took no notice.
    ///
    /// - Parameters:
    ///   - mode: Beside which others to hold the lock.
    ///   - reason: Why the lock is wanted, for the others to see.
    ///   - timeout: How long to wait for the lock; `nil` waits without limit. The closure has no
    ///     limit.
    ///   - onProgress: Called at every change of place and state, for a loss before this function
    ///     throws. It must return quickly.
    ///   - body: What to do under the lock.
    /// - Returns: What the closure returns.
    /// - Throws: ``RollingLockError``; `CancellationError` when the task was cancelled; or what the
    ///   closure threw.
    public func withLock<Value: Sendable>(
        mode: RollingLockMode = .exclusive,
        reason: String? = nil,
        timeout: Duration? = nil,
        onProgress: (@Sendable (RollingLockProgress) -> Void)? = nil,
        _ body: @escaping @Sendable (RollingLockHold) async throws -> Value
    ) async throws -> Value {
        let hold = try await self.acquire(
            mode: mode,
            reason: reason,
            timeout: timeout,
            onProgress: onProgress
        )
        let (result, lossReason) = await hold.run(body)
        if let lossReason {
            hold.reportLoss()
            // Nothing to wait for; if the ticket is still there it goes in the background.
            _ = try? await hold.releaseAtTheEnd()
            throw RollingLockError.lost(lossReason, whileWaiting: false, cause: result.error)
        }
        do {
            switch try await hold.releaseAtTheEnd() {
            case .released, nil: break
            case .alreadyGone, .notMine:
                hold.reportLoss(.ticketDeleted)
                throw RollingLockError.lost(
                    .ticketDeleted,
                    whileWaiting: false,
                    cause: result.error
                )
            }
        } catch let error as RollingLockError where error.code != .lost {
            // The body ended under the lock; its ticket goes in the background.
            self.configuration.logger.warning("the lock's release is not confirmed: \(error)")
        }
        return try result.get()
    }

    /// Waits for the lock.
    ///
    /// Cancelling the task returns at once; the ticket is removed behind it.
    ///
    /// - Parameters:
    ///   - mode: Beside which others to hold the lock.
    ///   - reason: Why the lock is wanted, for the others to see.
    ///   - timeout: How long to wait; `nil` waits without limit.
    ///   - onProgress: Called at every change of place and state, until the lock is released. It
    ///     must return quickly.
    /// - Returns: The held lock. It must be released.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func acquire(
        mode: RollingLockMode = .exclusive,
        reason: String? = nil,
        timeout: Duration? = nil,
        onProgress: (@Sendable (RollingLockProgress) -> Void)? = nil
    ) async throws -> RollingLockHold {
        try self.check(reason)
        return try await self.coordinator.acquire(
            self.ticketClass(mode),
            reason: reason,
            timeout: timeout,
            onProgress: onProgress
        )
    }

    /// Takes the lock if that is possible at once, otherwise leaves nothing behind.
    ///
    /// If nobody stands in the queue, but the last holder came to an unclean end, it waits for the
    /// takeover delay first.
    ///
    /// - Parameters:
    ///   - mode: Beside which others to hold the lock.
    ///   - reason: Why the lock is wanted, for the others to see.
    ///   - onProgress: Called at every change of state until the lock is released.
    /// - Returns: The held lock, or `nil` if somebody holds it.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func tryAcquire(
        mode: RollingLockMode = .exclusive,
        reason: String? = nil,
        onProgress: (@Sendable (RollingLockProgress) -> Void)? = nil
    ) async throws -> RollingLockHold? {
        try self.check(reason)
        return try await self.coordinator.tryAcquire(
            self.ticketClass(mode),
            reason: reason,
            onProgress: onProgress
        )
    }

    /// Reads who holds the lock and who waits.
    ///
    /// - Returns: The queue as it stands now: one linearizable read.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func queue() async throws -> RollingLockQueue {
        try await self.coordinator.queue()
    }

    /// Follows who holds the lock and who waits.
    ///
    /// The first element comes at once. A slow reader gets the latest queue and misses those
    /// between. The sequence ends with an error when etcd refuses it, otherwise when it is let go.
    ///
    /// - Returns: The queue after each change.
    public func queueUpdates() -> AsyncThrowingStream<RollingLockQueue, any Error> {
        self.coordinator.queueUpdates()
    }

    /// Gives everything up: waiting `acquire`s throw, held locks are given up, the lease is
    /// revoked.
    ///
    /// Call it when the lock is not needed any more. It returns when etcd has confirmed, or after a
    /// few seconds.
    public func shutdown() async {
        await self.coordinator.shutdown()
    }

    /// - Throws: ``RollingLockError`` if modes exclude each other.
    private func ticketClass(_ mode: RollingLockMode) throws -> TicketClass {
        let group = self.configuration.group
        guard mode == .shared else { return group.map { .grouped($0) } ?? .exclusive }
        guard group == nil, self.configuration.limits?.slotCount ?? 1 == 1 else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "the shared mode goes neither with slots nor with groups"
            )
        }
        return .shared
    }

    private func check(_ reason: String?) throws {
        guard let reason, reason.utf8.count > Configuration.maximumReasonLength else { return }
        throw RollingLockError(
            code: .invalidArgument,
            message: "the reason is longer than \(Configuration.maximumReasonLength) bytes"
        )
    }
}
