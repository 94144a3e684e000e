// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension RollingLock {
    /// Stops the roll: nobody is granted the lock until ``unfreeze()``.
    ///
    /// Whoever holds the lock goes on to the end of the work. Tickets keep their places, and new ones
    /// are taken. When this returns, no release that comes later grants the lock to anybody. May be
    /// called again, with another reason.
    ///
    /// - Parameter reason: Why, for the others to see.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled. After
    ///   ``RollingLockError/Code/unavailable`` the lock may have been frozen.
    public func freeze(reason: String) async throws {
        try self.checkReason(reason)
        let requests = self.coordinator.requests
        do {
            try await requests.freeze(.init(reason: reason, by: self.configuration.unit, at: .now))
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

    /// Lets the roll go on.
    ///
    /// - Returns: False if the lock was not frozen.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    @discardableResult
    public func unfreeze() async throws -> Bool {
        let requests = self.coordinator.requests
        do {
            return try await requests.unfreeze()
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

    /// Changes how many may hold the lock together, also while units wait.
    ///
    /// Whoever holds the lock goes on, also if there are fewer slots now. Units whose configuration
    /// says otherwise are refused from now on; those that stand in the queue follow.
    ///
    /// - Parameter limits: The limits from now on.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled. After
    ///   ``RollingLockError/Code/unavailable`` the limits may have been changed.
    public func setLimits(_ limits: RollingLockLimits) async throws {
        let requests = self.coordinator.requests
        do {
            try await requests.setLimits(limits)
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }
}

extension RollingLockHold {
    /// Gives the lock up and freezes it in one step: nobody is granted it between.
    ///
    /// For an operation that failed, so that it does not fail on every unit.
    ///
    /// - Parameter reason: Why, for the others to see.
    /// - Returns: What became of the ticket; the lock is frozen only with
    ///   ``RollingLockReleaseOutcome/released``.
    /// - Throws: As ``release()``, and ``RollingLockError`` with
    ///   ``RollingLockError/Code/invalidArgument`` if the reason is too long; the lock is held then.
    @discardableResult
    public func release(freezing reason: String) async throws -> RollingLockReleaseOutcome {
        let configuration = self.coordinator.configuration
        guard reason.utf8.count <= RollingLock.Configuration.maximumReasonLength else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "the reason is longer than "
                    + "\(RollingLock.Configuration.maximumReasonLength) bytes"
            )
        }
        return try await self.coordinator.release(
            self.ticket,
            self.fencingToken,
            freezing: FreezeRecord(reason: reason, by: configuration.unit, at: .now)
        )
    }
}
