// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import ProcessControl
import RollingLock

/// The detached lock of one unit: in etcd, and as it is written down.
///
/// The record is always written first, so that there is no moment at which a lease of twenty minutes
/// holds the lock and nobody knows of it.
struct DetachedHold: Sendable {
    let lock: RollingLock
    let directory: StateDirectory
    let reporter: EventReporter

    /// Detaches a lock that is held.
    func detach(
        _ hold: RollingLockHold,
        ttl: Duration,
        reason: String?,
        waited: Duration
    ) async throws {
        let ticket = try await hold.detach(ttl: ttl) { ticket in
            try HoldRecord(ticket, reason: reason).write(in: self.directory)
        }
        try HoldRecord(ticket, reason: reason).write(in: self.directory)
        self.reporter.report(.detached) {
            $0.waited = waited.inSeconds
            $0.describe(ticket)
        }
    }

    /// Holds the lock for a further while.
    func extend(
        _ recorded: (record: HoldRecord, ticket: RollingLockDetachedTicket),
        ttl: Duration
    ) async throws {
        let reason = recorded.record.reason
        let ticket = try await self.lock.extend(recorded.ticket, ttl: ttl) { ticket in
            try HoldRecord(ticket, reason: reason).write(in: self.directory)
        }
        try HoldRecord(ticket, reason: reason).write(in: self.directory)
        self.reporter.report(.confirmed) {
            $0.describe(ticket)
            $0.since = recorded.record.recordedAt
            $0.rebooted = recorded.record.bootID != BootID.current
        }
    }

    /// Takes the lock over into this process.
    ///
    /// - Parameters:
    ///   - recorded: What was written down of it.
    ///   - stopGrace: How long a command under it may outlive this process.
    /// - Returns: The held lock.
    /// - Throws: `RollingLockError`, among others when the lock was lost.
    func adopt(
        _ recorded: (record: HoldRecord, ticket: RollingLockDetachedTicket),
        stopGrace: Duration
    ) async throws -> RollingLockHold {
        if let grace = recorded.record.stopGraceSeconds, recorded.record.bootID == BootID.current {
            // Whoever took it over before died; what it ran may have that long.
            try await Task.sleep(for: .seconds(grace) + .milliseconds(500))
        }
        let hold = try await self.lock.adopt(recorded.ticket) { ticket in
            var record = try HoldRecord(
                ticket,
                reason: recorded.record.reason,
                stopGrace: stopGrace
            )
            record.ttlSeconds = recorded.record.ttlSeconds
            try record.write(in: self.directory)
        }
        self.reporter.report(.resumed) {
            $0.fencingToken = hold.fencingToken.rawValue
            $0.lease = "\(hold.leaseID)"
            $0.key = hold.key.string
            $0.since = recorded.record.recordedAt
            $0.rebooted = recorded.record.bootID != BootID.current
        }
        return hold
    }

    /// Gives the lock up and forgets it.
    ///
    /// - Returns: True if it was held until then.
    func release(
        _ recorded: (record: HoldRecord, ticket: RollingLockDetachedTicket)
    ) async throws -> Bool {
        let outcome = try await self.lock.release(recorded.ticket)
        try HoldRecord.remove(in: self.directory)
        guard outcome == .released else { return false }
        self.reporter.report(.released) {
            $0.fencingToken = recorded.ticket.fencingToken.rawValue
            $0.since = recorded.record.recordedAt
        }
        return true
    }
}

extension LockEvent {
    fileprivate mutating func describe(_ ticket: RollingLockDetachedTicket) {
        self.fencingToken = ticket.fencingToken.rawValue
        self.lease = "\(ticket.leaseID)"
        self.key = ticket.key.string
        self.remaining = ticket.ttl.inSeconds
    }
}
