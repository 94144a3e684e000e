// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// The queue of one lock as it stood at one revision.
public struct RollingLockQueue: Sendable, Hashable {
    /// The revision of etcd at which this is exact.
    public var revision: EtcdRevision

    /// All tickets, in the order in which they get the lock; the first ones hold it.
    public var tickets: [RollingLockTicket]

    /// The tickets that are gone without a clean end, whose takeover delay may not have passed for
    /// somebody.
    public var orphans: [RollingLockTicket]

    /// How many may hold the lock together.
    public var limits: RollingLockLimits

    /// Why nobody is granted the lock; `nil` if it is not frozen.
    public var freeze: RollingLockFreeze?

    /// Makes a queue.
    ///
    /// - Parameters:
    ///   - revision: The revision of etcd at which this is exact.
    ///   - tickets: All tickets, in order.
    ///   - orphans: The tickets that are gone without a clean end.
    ///   - limits: How many may hold the lock together.
    ///   - freeze: Why nobody is granted the lock.
    public init(
        revision: EtcdRevision,
        tickets: [RollingLockTicket],
        orphans: [RollingLockTicket] = [],
        limits: RollingLockLimits = .one,
        freeze: RollingLockFreeze? = nil
    ) {
        self.revision = revision
        self.tickets = tickets
        self.orphans = orphans
        self.limits = limits
        self.freeze = freeze
    }

    /// Who has held the lock for longest; `nil` if it is free, or frozen and free.
    public var holder: RollingLockTicket? { self.tickets.first(where: \.isHolding) }

    /// All who hold the lock, in order.
    public var holders: [RollingLockTicket] { self.tickets.filter(\.isHolding) }

    /// Who waits, in order.
    public var waiters: [RollingLockTicket] { self.tickets.filter { !$0.isHolding } }

    /// The number of tickets ahead of this object's first ticket; `nil` means that it has none.
    public var myPlace: Int? { self.tickets.firstIndex(where: \.isMine) }

    /// The number of tickets ahead of a unit's first ticket; `nil` means that the unit has none.
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

    /// True if it holds the lock.
    ///
    /// Of a ticket whose turn it is after an unclean end it is true although its process may still
    /// wait for the takeover delay.
    public var isHolding: Bool

    /// Beside which others it may hold the lock.
    public var mode: RollingLockMode

    /// The group of its unit, if it gave one.
    public var group: EtcdBytes?

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
    ///   - isHolding: True if it holds the lock.
    ///   - mode: Beside which others it may hold the lock.
    ///   - group: The group of its unit.
    public init(
        key: EtcdBytes,
        unit: EtcdBytes?,
        unitDescription: String,
        createRevision: EtcdRevision,
        leaseID: EtcdLeaseID? = nil,
        since: RollingLockTimestamp? = nil,
        reason: String? = nil,
        isMine: Bool = false,
        isHolding: Bool = false,
        mode: RollingLockMode = .exclusive,
        group: EtcdBytes? = nil
    ) {
        self.key = key
        self.unit = unit
        self.unitDescription = unitDescription
        self.createRevision = createRevision
        self.leaseID = leaseID
        self.since = since
        self.reason = reason
        self.isMine = isMine
        self.isHolding = isHolding
        self.mode = mode
        self.group = group
    }
}
