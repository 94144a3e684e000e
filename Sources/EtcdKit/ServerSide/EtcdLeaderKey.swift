// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The proof of a leadership that was won with ``EtcdElectionService``.
public struct EtcdLeaderKey: Sendable, Hashable {
    /// The election's name.
    public var name: EtcdBytes

    /// The key of the candidate that won.
    public var key: EtcdBytes

    /// Grows strictly from leader to leader; the create revision of ``key``.
    public var fencingToken: EtcdRevision

    /// The lease that the leadership depends on, the server's own one included.
    public var leaseID: EtcdLeaseID

    /// Makes a proof from its parts, for a process that takes over where another one stopped.
    ///
    /// - Parameters:
    ///   - name: The election's name.
    ///   - key: The key of the candidate that won.
    ///   - fencingToken: The create revision of the key.
    ///   - leaseID: The lease that the leadership depends on.
    public init(
        name: some EtcdBytesConvertible,
        key: some EtcdBytesConvertible,
        fencingToken: EtcdRevision,
        leaseID: EtcdLeaseID
    ) {
        self.name = name.etcdBytes
        self.key = key.etcdBytes
        self.fencingToken = fencingToken
        self.leaseID = leaseID
    }

    init(_ leader: LeaderKey) {
        self.init(
            name: EtcdBytes(adopting: leader.name),
            key: EtcdBytes(adopting: leader.key),
            fencingToken: EtcdRevision(leader.revision),
            leaseID: EtcdLeaseID(leader.lease)
        )
    }
}

extension LeaderKey {
    init(_ leader: EtcdLeaderKey) {
        self.init(
            name: leader.name.bytes,
            key: leader.key.bytes,
            revision: leader.fencingToken.rawValue,
            lease: leader.leaseID.rawValue
        )
    }
}
