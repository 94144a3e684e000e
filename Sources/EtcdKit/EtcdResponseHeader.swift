// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What etcd says about itself in every answer.
public struct EtcdResponseHeader: Sendable, Hashable {
    /// The cluster that answered.
    ///
    /// It changes when a cluster was restored from a backup.
    public var clusterID: UInt64

    /// The member that answered.
    public var memberID: UInt64

    /// The revision of the key space when the request was applied.
    public var revision: EtcdRevision

    /// The raft term of the member; it grows with every election.
    public var raftTerm: UInt64

    /// Makes a header from its parts.
    ///
    /// - Parameters:
    ///   - clusterID: the cluster.
    ///   - memberID: the member.
    ///   - revision: the revision of the key space.
    ///   - raftTerm: the raft term.
    public init(clusterID: UInt64, memberID: UInt64, revision: EtcdRevision, raftTerm: UInt64) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }
}
