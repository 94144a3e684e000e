// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A key with its value and what etcd keeps about it.
public struct EtcdKeyValue: Sendable, Hashable {
    /// The key.
    public var key: EtcdBytes

    /// The value; empty when only keys were asked for.
    public var value: EtcdBytes

    /// The revision at which the key last came into being.
    public var createRevision: EtcdRevision

    /// The revision of the last change.
    public var modRevision: EtcdRevision

    /// How many times the key was written since it came into being; 1 right after.
    public var version: Int64

    /// The lease the key is bound to, or nil.
    public var lease: EtcdLeaseID?

    /// Makes a key-value pair from its parts.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - value: the value.
    ///   - createRevision: the revision at which the key came into being.
    ///   - modRevision: the revision of the last change.
    ///   - version: the number of writes since the key came into being.
    ///   - lease: the lease, or nil.
    public init(
        key: EtcdBytes,
        value: EtcdBytes,
        createRevision: EtcdRevision,
        modRevision: EtcdRevision,
        version: Int64,
        lease: EtcdLeaseID? = nil
    ) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.lease = lease
    }
}
