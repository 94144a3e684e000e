// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How to read a range of keys.
public struct EtcdRangeOptions: Sendable, Hashable {
    /// The direction to sort in.
    public enum Order: Sendable, Hashable {
        /// Smallest first.
        case ascending
        /// Largest first.
        case descending
    }

    /// What to sort by.
    public enum Target: Sendable, Hashable {
        /// The key, byte by byte.
        case key
        /// The number of writes since the key came into being.
        case version
        /// The revision at which the key came into being.
        case createRevision
        /// The revision of the last change.
        case modRevision
        /// The value, byte by byte.
        case value
    }

    /// The largest number of keys to return; at least 1.
    ///
    /// It cuts what was sorted and filtered, so with an ``order`` or a filter the server reads the
    /// whole range nevertheless. Default: nil, all.
    public var limit: Int?

    /// The revision to read at; at least 1.
    ///
    /// Default: nil, the newest.
    public var revision: EtcdRevision?

    /// The direction to sort in.
    ///
    /// Default: nil, by key and ascending unless ``target`` is another.
    public var order: Order?

    /// What to sort by.
    ///
    /// Default: the key.
    public var target: Target

    /// Whether the member asked may answer from what it has, without asking the others: faster and
    /// possible without a leader, but perhaps out of date.
    ///
    /// It never goes back in time: when the member is behind what this client has seen, the others
    /// are asked after all. Default: false.
    public var isSerializable: Bool

    /// Whether to leave out the values.
    ///
    /// Default: false.
    public var keysOnly: Bool

    /// Whether to return only the number of keys.
    ///
    /// etcd counts all keys of the range then, so calls refuse it together with a limit, an order,
    /// a filter or ``keysOnly``. Default: false.
    public var countOnly: Bool

    /// Leave out keys last changed before this revision.
    ///
    /// etcd 3.1. Default: nil.
    public var minimumModRevision: EtcdRevision?

    /// Leave out keys last changed after this revision.
    ///
    /// etcd 3.1. Default: nil.
    public var maximumModRevision: EtcdRevision?

    /// Leave out keys created before this revision.
    ///
    /// etcd 3.1. Default: nil.
    public var minimumCreateRevision: EtcdRevision?

    /// Leave out keys created after this revision.
    ///
    /// etcd 3.1. Default: nil.
    public var maximumCreateRevision: EtcdRevision?

    /// Makes options; each has the default named at its property.
    ///
    /// - Parameters:
    ///   - limit: the largest number of keys to return.
    ///   - revision: the revision to read at.
    ///   - order: the direction to sort in.
    ///   - target: what to sort by.
    ///   - isSerializable: whether one member may answer on its own.
    ///   - keysOnly: whether to leave out the values.
    ///   - countOnly: whether to return only the number of keys.
    ///   - minimumModRevision: leave out keys last changed before.
    ///   - maximumModRevision: leave out keys last changed after.
    ///   - minimumCreateRevision: leave out keys created before.
    ///   - maximumCreateRevision: leave out keys created after.
    public init(
        limit: Int? = nil,
        revision: EtcdRevision? = nil,
        order: Order? = nil,
        target: Target = .key,
        isSerializable: Bool = false,
        keysOnly: Bool = false,
        countOnly: Bool = false,
        minimumModRevision: EtcdRevision? = nil,
        maximumModRevision: EtcdRevision? = nil,
        minimumCreateRevision: EtcdRevision? = nil,
        maximumCreateRevision: EtcdRevision? = nil
    ) {
        self.limit = limit
        self.revision = revision
        self.order = order
        self.target = target
        self.isSerializable = isSerializable
        self.keysOnly = keysOnly
        self.countOnly = countOnly
        self.minimumModRevision = minimumModRevision
        self.maximumModRevision = maximumModRevision
        self.minimumCreateRevision = minimumCreateRevision
        self.maximumCreateRevision = maximumCreateRevision
    }
}
