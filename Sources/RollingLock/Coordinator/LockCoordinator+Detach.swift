// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Logging

/// Tickets that outlive their process.
///
/// A ticket is moved between leases: its own session's, and one that nobody renews. Each move
/// compares the lease that it comes from, so of several who want to move it one succeeds, and is
/// recorded before it is made, so whoever reads the record knows every lease that it can be under.
extension LockCoordinator {
    /// How long a move whose fate is unknown is sent again.
    private static let movingTime = Duration.seconds(10)

    /// A ticket and where it was found.
    private struct Standing: Sendable {
        var entry: QueueEntry
        var lease: EtcdLeaseID
        var etcdClusterID: UInt64
    }

    /// Moves a held ticket from its session's lease to one that nobody renews.
    func detach(
        _ ticket: LocalTicket,
        _ token: EtcdRevision,
        ttl: Duration,
        recording: (RollingLockDetachedTicket) throws -> Void
    ) async throws -> RollingLockDetachedTicket {
        try self.begin()
        defer { self.end() }
        do {
            if case .lost(let reason)? = ticket.ended.current {
                throw RollingLockError.lost(reason, whileWaiting: false)
            }
            let standing = try await self.standing(
                QueueEntry(key: ticket.key, createRevision: token),
                under: [ticket.session.id],
                of: nil
            )
            let detached = try await self.moveToNewLease(standing, ttl: ttl, recording: recording)
            guard ticket.claimRelease() else {
                throw RollingLockError(
                    code: .closed,
                    message: "the lock was released while it was being detached"
                )
            }
            ticket.released.fulfil(.success(.notMine))
            self.leave(ticket)
            return detached
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    /// Moves a detached ticket to another lease that nobody renews.
    func extend(
        _ detached: RollingLockDetachedTicket,
        ttl: Duration,
        recording: (RollingLockDetachedTicket) throws -> Void
    ) async throws -> RollingLockDetachedTicket {
        try self.begin()
        defer { self.end() }
        do {
            let standing = try await self.standing(of: detached)
            let extended = try await self.moveToNewLease(standing, ttl: ttl, recording: recording)
            self.revokeOwnLease(of: detached)
            return extended
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    /// Moves a detached ticket to the lease of this object.
    func adopt(
        _ detached: RollingLockDetachedTicket,
        recording: (RollingLockDetachedTicket) throws -> Void,
        onProgress: Observer?
    ) async throws -> RollingLockHold {
        try self.begin()
        defer { self.end() }
        do {
            let standing = try await self.standing(of: detached)
            let session = try await self.session()
            var adopted = detached
            adopted.leaseID = session.id
            adopted.formerLeaseID = standing.lease
            adopted.ttl = session.ttl
            try recording(adopted)
            let (ticket, _) = try self.join(session, key: detached.key, onProgress: onProgress)
            return try await self.orRemove(ticket) {
                let revision = try await self.move(
                    standing,
                    to: session.id,
                    onUncertainty: { ticket.noteUncertainty() }
                )
                self.revokeOwnLease(of: detached)
                self.update { $0.machine.adopted(ticket.id, as: standing.entry, at: revision) }
                let token = try await self.granted(ticket)
                return RollingLockHold(coordinator: self, ticket: ticket, fencingToken: token)
            }
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    /// Deletes a detached ticket.
    func release(
        _ detached: RollingLockDetachedTicket
    ) async throws -> RollingLockReleaseOutcome {
        try self.begin()
        defer { self.end() }
        do {
            try self.checkThatItIsOurs(detached)
            let entry = QueueEntry(key: detached.key, createRevision: detached.fencingToken)
            let (found, etcdClusterID) = try await self.repeating {
                try await self.requests.find(detached.key)
            }
            let isHere = etcdClusterID == detached.etcdClusterID
            // In a restored cluster it was not held, but must not stand in the way either.
            guard isHere || found?.entry == entry else { return .alreadyGone }
            let outcome = try await self.repeating { try await self.requests.release(entry) }
            if outcome != .notMine { self.revokeOwnLease(of: detached) }
            return isHere ? outcome : .alreadyGone
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    // MARK: Inside

    private func checkThatItIsOurs(
        _ detached: RollingLockDetachedTicket
    ) throws(RollingLockError) {
        guard detached.key.bytes.starts(with: self.keys.unitPrefix.bytes) else {
            throw RollingLockError(
                code: .invalidArgument,
                message: "the detached ticket belongs to another lock or unit"
            )
        }
    }

    private func standing(of detached: RollingLockDetachedTicket) async throws -> Standing {
        try self.checkThatItIsOurs(detached)
        return try await self.standing(
            QueueEntry(key: detached.key, createRevision: detached.fencingToken),
            under: [detached.leaseID, detached.formerLeaseID ?? detached.leaseID],
            of: detached.etcdClusterID
        )
    }

    /// Makes sure that a ticket stands where it is thought to stand.
    private func standing(
        _ entry: QueueEntry,
        under leases: [EtcdLeaseID],
        of etcdClusterID: UInt64?
    ) async throws -> Standing {
        let (found, actualID) = try await self.repeating {
            try await self.requests.find(entry.key)
        }
        if let etcdClusterID, etcdClusterID != actualID {
            throw RollingLockError(
                code: .lost,
                message: "the lock was lost: etcd is another cluster than the one it was held in, "
                    + "perhaps restored from a backup",
                lossReason: .ticketDeleted
            )
        }
        guard let found, found.entry == entry else {
            throw RollingLockError.lost(.ticketDeleted, whileWaiting: false)
        }
        guard let lease = found.lease, leases.contains(lease) else { throw Self.takenOver }
        return Standing(entry: entry, lease: lease, etcdClusterID: actualID)
    }

    private static var takenOver: RollingLockError {
        RollingLockError(
            code: .invalidArgument,
            message: "another process has taken the detached ticket over and holds the lock"
        )
    }

    /// Moves a ticket to a new lease that nobody renews.
    private func moveToNewLease(
        _ standing: Standing,
        ttl: Duration,
        recording: (RollingLockDetachedTicket) throws -> Void
    ) async throws -> RollingLockDetachedTicket {
        let grant = try await self.requests.client.grantLease(ttl: ttl)
        var detached = RollingLockDetachedTicket(
            key: standing.entry.key,
            fencingToken: standing.entry.createRevision,
            leaseID: grant.id,
            formerLeaseID: standing.lease,
            ttl: grant.ttl,
            etcdClusterID: standing.etcdClusterID
        )
        do {
            try Task.checkCancellation()
            try recording(detached)
            _ = try await self.move(standing, to: grant.id)
        } catch {
            // With an error of etcd's the ticket may have got there all the same.
            if !(error is EtcdError) { self.revoke(grant.id) }
            throw error
        }
        detached.formerLeaseID = nil
        return detached
    }

    /// Moves a ticket, also in a task that is cancelled meanwhile: half a move helps nobody.
    private func move(
        _ standing: Standing,
        to lease: EtcdLeaseID,
        onUncertainty: @escaping @Sendable () -> Void = {}
    ) async throws -> EtcdRevision {
        // Bounded by the time that it is repeated for.
        let moving = Task {
            try await self.repeating(onUncertainty: onUncertainty) {
                try await self.requests.move(standing.entry, from: standing.lease, to: lease)
            }
        }
        if let revision = try await moving.value { return revision }
        let found = try await self.requests.find(standing.entry.key).standing
        guard found?.entry == standing.entry else {
            throw RollingLockError.lost(.ticketDeleted, whileWaiting: false)
        }
        throw Self.takenOver
    }

    /// Sends a request that does no harm when it is executed twice, until it is answered or its time
    /// is over.
    private func repeating<Result: Sendable>(
        onUncertainty: () -> Void = {},
        _ request: () async throws -> Result
    ) async throws -> Result {
        let deadline = ContinuousClock.now.advanced(by: Self.movingTime)
        var backoff = Backoff()
        while true {
            do {
                return try await request()
            } catch {
                if error.leavesFateUnknown { onUncertainty() }
                guard error is EtcdError, !error.isRefusal, ContinuousClock.now < deadline else {
                    throw error
                }
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    /// Ends the lease that a detached ticket had for itself.
    ///
    /// Before its move is settled the ticket may name the lease of another object's session.
    private func revokeOwnLease(of detached: RollingLockDetachedTicket) {
        if detached.formerLeaseID == nil { self.revoke(detached.leaseID) }
    }

    /// Ends a lease that nothing depends on any more, in the background; otherwise it expires.
    private func revoke(_ lease: EtcdLeaseID) {
        self.keepAlive()
        let revoked = OneShot<Void>()
        self.expect(revoked)
        // Only a shutdown needs to wait for it.
        Task {
            try? await self.requests.client.revokeLease(lease)
            self.happened(revoked)
            self.end()
        }
    }
}
