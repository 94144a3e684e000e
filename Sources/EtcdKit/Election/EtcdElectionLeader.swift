// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Who leads, and what it proclaims.
public struct EtcdElectionLeader: Sendable, Hashable {
    /// The key of the candidate that leads.
    public var key: EtcdBytes

    /// What it proclaims.
    public var value: EtcdBytes

    /// Tells one leadership from another, and grows strictly from leader to leader.
    ///
    /// It is the create revision of ``key``, and the same as ``EtcdLeadership/fencingToken``.
    public var fencingToken: EtcdRevision

    /// The revision at which ``value`` was proclaimed.
    public var proclaimedRevision: EtcdRevision

    /// The lease that the leadership depends on; `nil` for one that never ends by itself.
    public var leaseID: EtcdLeaseID?

    /// Makes a leader from its parts.
    ///
    /// - Parameters:
    ///   - key: The key of the candidate.
    ///   - value: What it proclaims.
    ///   - fencingToken: The create revision of the key.
    ///   - proclaimedRevision: The revision at which the value was proclaimed.
    ///   - leaseID: The lease that the leadership depends on.
    public init(
        key: EtcdBytes,
        value: EtcdBytes,
        fencingToken: EtcdRevision,
        proclaimedRevision: EtcdRevision,
        leaseID: EtcdLeaseID? = nil
    ) {
        self.key = key
        self.value = value
        self.fencingToken = fencingToken
        self.proclaimedRevision = proclaimedRevision
        self.leaseID = leaseID
    }

    init(_ keyValue: EtcdKeyValue) {
        self.init(
            key: keyValue.key,
            value: keyValue.value,
            fencingToken: keyValue.createRevision,
            proclaimedRevision: keyValue.modRevision,
            leaseID: keyValue.lease
        )
    }
}
