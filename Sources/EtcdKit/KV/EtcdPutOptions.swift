// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How to write a key.
public struct EtcdPutOptions: Sendable, Hashable {
    /// Whether the answer brings what was there before.
    ///
    /// etcd 3.1. Default: false.
    public var includePrevious: Bool

    /// Whether to keep the value and change only the lease; the value given must be empty, and the
    /// key must exist.
    ///
    /// etcd 3.2. Default: false.
    public var keepValue: Bool

    /// Whether to keep the lease and change only the value; no lease may be given, and the key must
    /// exist.
    ///
    /// etcd 3.2. Default: false.
    public var keepLease: Bool

    /// Makes options.
    ///
    /// - Parameters:
    ///   - includePrevious: whether the answer brings what was there before.
    ///   - keepValue: whether to keep the value.
    ///   - keepLease: whether to keep the lease.
    public init(
        includePrevious: Bool = false,
        keepValue: Bool = false,
        keepLease: Bool = false
    ) {
        self.includePrevious = includePrevious
        self.keepValue = keepValue
        self.keepLease = keepLease
    }
}
