// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The answer to a read of a range.
public struct EtcdRangeResponse: Sendable, Hashable {
    /// What etcd says about itself.
    ///
    /// Its revision is the one read at, unless another was asked for.
    public var header: EtcdResponseHeader

    /// The keys found, sorted as asked for.
    public var keyValues: [EtcdKeyValue]

    /// True when there are more keys than the limit allowed.
    public var more: Bool

    /// The number of keys in the range, whatever the limit.
    ///
    /// Filters by revision do not change it.
    public var count: Int

    /// Makes an answer from its parts.
    ///
    /// - Parameters:
    ///   - header: what etcd says about itself.
    ///   - keyValues: the keys found.
    ///   - more: whether there are more keys than the limit allowed.
    ///   - count: the number of keys in the range.
    public init(header: EtcdResponseHeader, keyValues: [EtcdKeyValue], more: Bool, count: Int) {
        self.header = header
        self.keyValues = keyValues
        self.more = more
        self.count = count
    }
}

/// The answer to a write.
public struct EtcdPutResponse: Sendable, Hashable {
    /// What etcd says about itself.
    ///
    /// Its revision is the one of this write.
    public var header: EtcdResponseHeader

    /// What was there before, if that was asked for and there was anything.
    public var previous: EtcdKeyValue?

    /// Makes an answer from its parts.
    ///
    /// - Parameters:
    ///   - header: what etcd says about itself.
    ///   - previous: what was there before.
    public init(header: EtcdResponseHeader, previous: EtcdKeyValue? = nil) {
        self.header = header
        self.previous = previous
    }
}

/// The answer to a deletion.
public struct EtcdDeleteResponse: Sendable, Hashable {
    /// What etcd says about itself.
    public var header: EtcdResponseHeader

    /// How many keys were deleted.
    public var deleted: Int

    /// What was deleted, if that was asked for.
    public var previous: [EtcdKeyValue]

    /// Makes an answer from its parts.
    ///
    /// - Parameters:
    ///   - header: what etcd says about itself.
    ///   - deleted: how many keys were deleted.
    ///   - previous: what was deleted.
    public init(header: EtcdResponseHeader, deleted: Int, previous: [EtcdKeyValue] = []) {
        self.header = header
        self.deleted = deleted
        self.previous = previous
    }
}
