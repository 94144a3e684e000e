// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension RollingLock {
    /// Whether anything proves that tickets were written by the units that they name, in a word.
    ///
    /// Today it is `unchecked`: nothing does.
    public var ownershipCheck: String { self.coordinator.requests.authenticator.verdict }

    /// Removes a ticket of any unit, and leaves a record that says who did it and why.
    ///
    /// Only this very ticket is removed, never one that the unit made later. Its unit learns of it at
    /// once: a waiting one fails, a holder loses the lock and must stop its work, and the next is
    /// granted the lock after the takeover delay.
    ///
    /// - Parameters:
    ///   - ticket: The ticket, as ``queue()`` listed it.
    ///   - reason: Why, for the others to see.
    /// - Returns: False if the ticket was gone.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled. After
    ///   ``RollingLockError/Code/unavailable`` the ticket may have been removed.
    public func evict(_ ticket: RollingLockTicket, reason: String) async throws -> Bool {
        try self.checkReason(reason)
        return try await self.remove(ticket, .evicted, reason)
    }

    /// Gives up all places in the queue of this object's unit, in whatever process they were taken.
    ///
    /// A ticket that holds the lock when the queue is read is left alone; one that gets its turn in
    /// between loses it.
    ///
    /// - Parameter reason: Why, for the others to see.
    /// - Returns: The tickets that were removed.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func cancel(reason: String? = nil) async throws -> [RollingLockTicket] {
        try self.checkReason(reason ?? "")
        var removed: [RollingLockTicket] = []
        for ticket in try await self.queue().waiters where ticket.unit == self.configuration.unit {
            if try await self.remove(ticket, .cancelled, reason) { removed.append(ticket) }
        }
        return removed
    }

    /// Reads what units have done under the lock and operators to it, the latest first.
    ///
    /// Each unit that wrote records keeps its last 16.
    ///
    /// - Parameter limit: How many to read at most.
    /// - Returns: The records.
    /// - Throws: ``RollingLockError``, or `CancellationError` when the task was cancelled.
    public func history(limit: Int = 50) async throws -> [RollingLockRecord] {
        let requests = self.coordinator.requests
        do {
            return try await requests.records(limit: max(1, limit))
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

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

    private func remove(
        _ ticket: RollingLockTicket,
        _ event: RollingLockRecord.Event,
        _ reason: String?
    ) async throws -> Bool {
        let requests = self.coordinator.requests
        let record = StoredRecord(
            event: event,
            unit: ticket.unitDescription,
            createRevision: ticket.createRevision,
            reason: reason
        )
        do {
            return try await requests.remove(ticket, record)
        } catch {
            throw RollingLockError.translate(error, requests)
        }
    }

    func checkReason(_ reason: String) throws {
        guard reason.utf8.count > Configuration.maximumReasonLength else { return }
        throw RollingLockError(
            code: .invalidArgument,
            message: "the reason is longer than \(Configuration.maximumReasonLength) bytes"
        )
    }
}
