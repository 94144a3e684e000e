// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// How one member is, by its own account.
public struct EtcdStatus: Sendable, Hashable {
    /// What every answer says; its member is the one that this is about.
    public var header: EtcdResponseHeader

    /// The version of the member's program, such as `3.5.1`.
    public var version: String

    /// The size of its database file, in bytes.
    public var databaseSize: Int64

    /// The part of it that is in use, in bytes.
    ///
    /// Defragmenting gives the rest back. etcd 3.4 or newer.
    public var databaseSizeInUse: Int64

    /// The largest size the database may grow to, in bytes, or nil from a server that does not tell.
    ///
    /// etcd 3.6 or newer.
    public var databaseSizeQuota: Int64?

    /// The leader that the member follows, or nil when it knows of none.
    public var leader: EtcdMemberID?

    /// The last entry of its raft log that is committed.
    public var raftIndex: UInt64

    /// The last entry of its raft log that is applied to the database; etcd 3.4 or newer.
    public var raftAppliedIndex: UInt64

    /// Its raft term; it grows with every election.
    public var raftTerm: UInt64

    /// What is wrong, alarms among them; etcd 3.4 or newer.
    public var errors: [String]

    /// Whether it follows without a vote; etcd 3.4 or newer.
    public var isLearner: Bool

    /// The version whose format the database has, or nil from a server that does not tell.
    ///
    /// etcd 3.6 or newer.
    public var storageVersion: String?

    /// How far a downgrade is, or nil from a server that does not tell; etcd 3.6 or newer.
    public var downgrade: EtcdDowngradeInfo?

    /// The member that this is about.
    public var memberID: EtcdMemberID {
        EtcdMemberID(self.header.memberID)
    }

    /// Whether this member leads.
    public var isLeader: Bool {
        self.leader == self.memberID
    }
}

/// A downgrade of the cluster, as a member knows of it.
public struct EtcdDowngradeInfo: Sendable, Hashable {
    /// Whether one is enabled.
    public var isEnabled: Bool

    /// The version to which, or nil when none is enabled.
    public var targetVersion: String?
}

extension EtcdStatus {
    init(_ response: StatusResponse) {
        self.init(
            header: EtcdResponseHeader(response.header),
            version: response.version,
            databaseSize: response.dbSize,
            databaseSizeInUse: response.dbSizeInUse,
            databaseSizeQuota: response.dbSizeQuota == 0 ? nil : response.dbSizeQuota,
            leader: response.leader == 0 ? nil : EtcdMemberID(response.leader),
            raftIndex: response.raftIndex,
            raftAppliedIndex: response.raftAppliedIndex,
            raftTerm: response.raftTerm,
            errors: response.errors,
            isLearner: response.isLearner,
            storageVersion: response.storageVersion.isEmpty ? nil : response.storageVersion,
            downgrade: response.downgradeInfo.map { EtcdDowngradeInfo($0) }
        )
    }
}

extension EtcdDowngradeInfo {
    init(_ info: DowngradeInfo) {
        self.init(
            isEnabled: info.enabled,
            targetVersion: info.targetVersion.isEmpty ? nil : info.targetVersion
        )
    }
}
