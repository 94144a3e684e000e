// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// The queue of one lock as it stood at one revision.
public struct RollingLockQueue: Sendable, Hashable {
    /// The revision of etcd at which this is exact.
    public var revision: EtcdRevision

    /// All tickets, in the order in which they get the lock; the first one holds it.
    public var tickets: [RollingLockTicket]

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - revision: The revision of etcd at which this is exact.
    ///   - tickets: All tickets, in order.
    public init(revision: EtcdRevision, tickets: [RollingLockTicket]) {
        self.revision = revision
        self.tickets = tickets
    }

    /// Who holds the lock; `nil` if it is free.
    public var holder: RollingLockTicket? { self.tickets.first }

    /// Who waits, in order.
    public var waiters: ArraySlice<RollingLockTicket> { self.tickets.dropFirst() }

    /// The number of tickets ahead of this object's first ticket: 0 holds the lock, `nil` means
    /// that it has none.
    public var myPlace: Int? { self.tickets.firstIndex(where: \.isMine) }

    /// The number of tickets ahead of a unit's first ticket: 0 holds the lock, `nil` means that the
    /// unit has none.
    ///
    /// - Parameter unit: The name of the unit.
    /// - Returns: Its place.
    public func place(of unit: some EtcdBytesConvertible) -> Int? {
        let wanted = unit.etcdBytes
        return self.tickets.firstIndex { $0.unit == wanted }
    }
}

/// One ticket in the queue of a lock.
///
/// Everything but the key and the create revision is what its writer says of itself.
public struct RollingLockTicket: Sendable, Hashable {
    /// The key in etcd.
    public var key: EtcdBytes

    /// The unit as its key names it; `nil` if the key was made by another program, for instance by
    /// `etcdctl lock`.
    public var unit: EtcdBytes?

    /// The unit for showing to people: its name, with what cannot be printed percent-encoded; for
    /// the ticket of another program the last element of its key.
    public var unitDescription: String

    /// Decides the order.
    ///
    /// While the ticket holds the lock this is its fencing token.
    public var createRevision: EtcdRevision

    /// The lease that the ticket depends on; `nil` if it will not vanish by itself.
    public var leaseID: EtcdLeaseID?

    /// Since when the unit stands in the queue, by its own wall clock.
    public var since: RollingLockTimestamp?

    /// Why the unit wants the lock, fit to be shown on a terminal.
    public var reason: String?

    /// True if this ``RollingLock`` object made the ticket.
    public var isMine: Bool

    /// True if the ticket was not made by RollingLock.
    public var isForeign: Bool { self.unit == nil }

    /// Makes a ticket.
    ///
    /// - Parameters:
    ///   - key: The key in etcd.
    ///   - unit: The unit as its key names it.
    ///   - unitDescription: The unit for showing to people.
    ///   - createRevision: Decides the order.
    ///   - leaseID: The lease that the ticket depends on.
    ///   - since: Since when the unit stands in the queue.
    ///   - reason: Why the unit wants the lock.
    ///   - isMine: True if this object made the ticket.
    public init(
        key: EtcdBytes,
        unit: EtcdBytes?,
        unitDescription: String,
        createRevision: EtcdRevision,
        leaseID: EtcdLeaseID? = nil,
        since: RollingLockTimestamp? = nil,
        reason: String? = nil,
        isMine: Bool = false
    ) {
        self.key = key
        self.unit = unit
        self.unitDescription = unitDescription
        self.createRevision = createRevision
        self.leaseID = leaseID
        self.since = since
        self.reason = reason
        self.isMine = isMine
    }
}
