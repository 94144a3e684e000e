// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension RollingLock {
    /// Stops the roll: nobody is granted the lock until ``unfreeze(reason:)``.
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
            try await requests.freeze(
                .init(reason: reason, by: self.configuration.unit, at: .now),
                recording: try await requests.writing(self.stored(.frozen, reason))
            )
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

    /// Lets the roll go on.
    ///
    /// Failures that were recorded before do not count any more.
    ///
    /// - Parameter reason: Why, for the others to see.
    /// - Returns: False if the lock was not frozen.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    @discardableResult
    public func unfreeze(reason: String? = nil) async throws -> Bool {
        try self.checkReason(reason ?? "")
        let requests = self.coordinator.requests
        do {
            return try await requests.unfreeze(
                recording: try await requests.writing(self.stored(.unfrozen, reason))
            )
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

extension RollingLock {
    private func stored(_ event: RollingLockRecord.Event, _ reason: String?) -> StoredRecord {
        StoredRecord(
            event: event,
            unit: Printable.name(self.configuration.unit.bytes),
            reason: reason
        )
    }
}

extension RollingLockHold {
    /// How many failures units have recorded since the lock was last unfrozen.
    ///
    /// - Returns: The number; of each unit at most 16 are known.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func failureCount() async throws -> Int {
        let requests = self.coordinator.requests
        do {
            return try await requests.failureCount()
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

    /// Records for the history what came of the work under the lock.
    ///
    /// It may be called before and after the release; of each unit the last 16 records are kept.
    ///
    /// - Parameters:
    ///   - succeeded: Whether the work ended well. Failures are counted:
    ///     ``RollingLock/failureCount()``.
    ///   - reason: What was done or what failed, for the others to see.
    ///   - status: The exit status of the work, if it has one.
    ///   - held: How long the lock has been held.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func record(
        succeeded: Bool,
        reason: String? = nil,
        status: Int? = nil,
        held: Duration? = nil
    ) async throws {
        let requests = self.coordinator.requests
        let record = StoredRecord(
            event: succeeded ? .done : .failed,
            unit: Printable.name(self.coordinator.configuration.unit.bytes),
            createRevision: self.fencingToken,
            reason: reason.map { Printable.text($0) },
            status: status,
            held: held
        )
        do {
            try await requests.write(record)
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

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
