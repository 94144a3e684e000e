// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// A hash over all that a member has stored.
public struct EtcdHash: Sendable, Hashable {
    /// What every answer says.
    public var header: EtcdResponseHeader

    /// The hash.
    public var hash: UInt32
}

/// A hash over the keys of a member, with their history up to a revision.
public struct EtcdHashKV: Sendable, Hashable {
    /// What every answer says.
    public var header: EtcdResponseHeader

    /// The hash.
    public var hash: UInt32

    /// The revision up to which the member had compacted, or nil when it never had.
    ///
    /// Hashes can be compared only where this is the same.
    public var compactRevision: EtcdRevision?

    /// The revision up to which the hash goes, or nil from a server that does not tell.
    ///
    /// etcd 3.6 or newer.
    public var hashRevision: EtcdRevision?
}

extension EtcdHashKV {
    init(_ response: HashKVResponse) {
        self.init(
            header: EtcdResponseHeader(response.header),
            hash: response.hash,
            // -1 is how a server says that it has compacted nothing.
            compactRevision: response.compactRevision > 0
                ? EtcdRevision(response.compactRevision) : nil,
            hashRevision: response.hashRevision > 0 ? EtcdRevision(response.hashRevision) : nil
        )
    }
}
