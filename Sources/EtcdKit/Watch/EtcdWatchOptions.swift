// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a watch reports, and how it treats a consumer that is slow.
public struct EtcdWatchOptions: Sendable, Hashable {
    /// What happens when the consumer leaves more unread than the watch may buffer.
    public struct OverflowPolicy: Sendable, Hashable {
        private enum Value {
            case suspend
            case coalesce
            case fail
        }

        private let value: Value

        /// Stop the watch on the server; continue where it was when the consumer has caught up.
        ///
        /// This is the default.
        ///
        /// Nothing is lost unless the server compacts the revisions in between, in which case
        /// the watch ends with ``EtcdError/Code/compacted``.
        public static let suspend = OverflowPolicy(value: .suspend)

        /// Merge everything unread into one batch with the last event of each key.
        ///
        /// The batch says so by ``EtcdWatchBatch/isCoalesced``. Deletions stay in it, also of keys
        /// that came and went in between. If even the last events exceed a limit, the watch is
        /// stopped on the server until they are read, as with ``suspend``.
        public static let coalesce = OverflowPolicy(value: .coalesce)

        /// End the watch with ``EtcdError/Code/slowConsumer``.
        ///
        /// What is buffered is still delivered first.
        public static let fail = OverflowPolicy(value: .fail)
    }

    /// The first revision to report.
    ///
    /// Default: `nil`, everything that happens from now on. A revision of the past makes the server
    /// replay history from there. One that lies in the future is allowed: nothing before it is
    /// reported.
    public var startRevision: EtcdRevision?
    /// Whether deletions and overwrites carry what was there before.
    ///
    /// Default: `false`. Costs the server one more read for each event. etcd 3.1.
    public var includePrevious: Bool
    /// Whether puts are left out.
    ///
    /// Default: `false`. etcd 3.1.
    public var excludesPuts: Bool
    /// Whether deletions are left out.
    ///
    /// Default: `false`. etcd 3.1.
    public var excludesDeletes: Bool
    /// Whether the server tells, every ten minutes or so of silence, how far it has come.
    ///
    /// Default: `false`. Batches of kind ``EtcdWatchBatch/Kind-swift.enum/progress`` then arrive,
    /// and a resumption after a long silence does not ask for revisions that were compacted
    /// meanwhile. The server's `--experimental-watch-progress-notify-interval` sets the pace. Newer
    /// servers also tell when asked: ``EtcdWatch/requestProgress()``.
    public var progressNotifications: Bool
    /// Whether a batch of kind ``EtcdWatchBatch/Kind-swift.enum/resumed`` tells of interruptions.
    ///
    /// Default: `false`.
    public var reportsResumption: Bool
    /// The largest number of unread events.
    ///
    /// Default: 4096. A batch is never split, so the last one may exceed it.
    public var bufferLimit: Int
    /// The largest size of the unread events, in bytes as received.
    ///
    /// Default: 16 MiB.
    public var bufferByteLimit: Int
    /// What happens when either limit is exceeded.
    ///
    /// Default: ``OverflowPolicy-swift.struct/suspend``.
    public var overflowPolicy: OverflowPolicy

    /// Creates options.
    ///
    /// - Parameters:
    ///   - startRevision: The first revision to report; `nil` stands for now.
    ///   - includePrevious: Whether events carry what was there before.
    ///   - excludesPuts: Whether puts are left out.
    ///   - excludesDeletes: Whether deletions are left out.
    ///   - progressNotifications: Whether the server reports progress during silence.
    ///   - reportsResumption: Whether interruptions are reported.
    ///   - bufferLimit: The largest number of unread events.
    ///   - bufferByteLimit: The largest size of the unread events in bytes.
    ///   - overflowPolicy: What happens when a limit is exceeded.
    public init(
        startRevision: EtcdRevision? = nil,
        includePrevious: Bool = false,
        excludesPuts: Bool = false,
        excludesDeletes: Bool = false,
        progressNotifications: Bool = false,
        reportsResumption: Bool = false,
        bufferLimit: Int = 4096,
        bufferByteLimit: Int = 16 << 20,
        overflowPolicy: OverflowPolicy = .suspend
    ) {
        self.startRevision = startRevision
        self.includePrevious = includePrevious
        self.excludesPuts = excludesPuts
        self.excludesDeletes = excludesDeletes
        self.progressNotifications = progressNotifications
        self.reportsResumption = reportsResumption
        self.bufferLimit = bufferLimit
        self.bufferByteLimit = bufferByteLimit
        self.overflowPolicy = overflowPolicy
    }
}
