// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// A held lock that no process keeps alive: all that another process, or the same machine after a
/// reboot, needs to take it over.
///
/// ``RollingLockHold/detach(ttl:recording:)`` makes one. It is held until its lease ends, so the
/// others wait that long for a unit that does not come back.
///
/// Whoever knows these values can take the lock over or give it up, once: keep them where only the
/// unit itself reads them.
public struct RollingLockDetachedTicket: Sendable, Hashable {
    /// The ticket in etcd.
    public var key: EtcdBytes

    /// The create revision of ``key``, which stays the same through detaching and adopting.
    public var fencingToken: EtcdRevision

    /// The lease that the ticket depends on.
    public var leaseID: EtcdLeaseID

    /// The lease that it depended on before, as long as it is not certain that it was moved.
    ///
    /// Whoever records the ticket before it is moved finds it under one of the two.
    public var formerLeaseID: EtcdLeaseID?

    /// The time to live of ``leaseID``, which began when the ticket was recorded.
    public var ttl: Duration

    /// The cluster of etcd that the ticket stands in.
    ///
    /// A fencing token means nothing in another one, nor in the same one after it was restored from a
    /// backup as a new cluster.
    public var etcdClusterID: UInt64

    /// Makes a ticket from what was recorded of it.
    ///
    /// - Parameters:
    ///   - key: The ticket in etcd.
    ///   - fencingToken: The create revision of the key.
    ///   - leaseID: The lease that the ticket depends on.
    ///   - formerLeaseID: The lease that it may still depend on.
    ///   - ttl: The time to live of the lease.
    ///   - etcdClusterID: The cluster of etcd.
    public init(
        key: EtcdBytes,
        fencingToken: EtcdRevision,
        leaseID: EtcdLeaseID,
        formerLeaseID: EtcdLeaseID? = nil,
        ttl: Duration,
        etcdClusterID: UInt64
    ) {
        self.key = key
        self.fencingToken = fencingToken
        self.leaseID = leaseID
        self.formerLeaseID = formerLeaseID
        self.ttl = ttl
        self.etcdClusterID = etcdClusterID
    }
}
