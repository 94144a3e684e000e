// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// What tells one hold of a lock from all others: the cluster of etcd, and the create revision of the
/// ticket.
///
/// Within one cluster of etcd a later holder has a greater revision. Fences of two clusters cannot be
/// compared: after a restore from a backup under another cluster ID all earlier ones are void.
public struct RollingLockFence: Sendable, Hashable, LosslessStringConvertible {
    /// The cluster of etcd.
    public var etcdClusterID: UInt64

    /// The create revision of the ticket, which is the fencing token.
    public var createRevision: EtcdRevision

    /// Makes a fence from its parts.
    ///
    /// - Parameters:
    ///   - etcdClusterID: The cluster of etcd.
    ///   - createRevision: The create revision of the ticket.
    public init(etcdClusterID: UInt64, createRevision: EtcdRevision) {
        self.etcdClusterID = etcdClusterID
        self.createRevision = createRevision
    }

    /// Reads what ``description`` wrote.
    ///
    /// - Parameter description: The cluster in hexadecimal digits, a colon, the revision.
    public init?(_ description: String) {
        let parts = description.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let cluster = UInt64(parts[0], radix: 16),
            let revision = Int64(parts[1]), revision > 0
        else { return nil }
        self.init(etcdClusterID: cluster, createRevision: EtcdRevision(revision))
    }

    /// The cluster in hexadecimal digits, a colon, the revision: `cdf818194e3a8c32:4711`.
    public var description: String {
        "\(String(self.etcdClusterID, radix: 16)):\(self.createRevision.rawValue)"
    }
}

extension RollingLockHold {
    /// What tells this hold from all others.
    public var fence: RollingLockFence {
        RollingLockFence(
            // It has answered, or there would be no hold.
            etcdClusterID: self.coordinator.requests.client.clusterID ?? 0,
            createRevision: self.fencingToken
        )
    }
}
