// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a watch delivers at once: the events of whole revisions, or a mark of progress.
///
/// All events of one revision always arrive in the same batch, however large a transaction was:
/// after a batch the consumer has seen a state that really existed. A batch that is coalesced leaves
/// out states in between, and no others.
public struct EtcdWatchBatch: Sendable, Hashable {
    /// What a batch stands for.
    public enum Kind: Sendable, Hashable {
        /// Something changed: ``EtcdWatchBatch/events`` is not empty.
        case events
        /// Nothing changed up to and including ``EtcdWatchBatch/revision`` beyond what was
        /// delivered before.
        case progress
        /// The watch was interrupted and goes on without a gap.
        ///
        /// Sent only with ``EtcdWatchOptions/reportsResumption``. Events that happened during
        /// the interruption follow in later batches.
        case resumed
    }

    /// What this batch stands for.
    public var kind: Kind
    /// What etcd says about itself: which cluster and member sent the batch, and when.
    public var header: EtcdResponseHeader
    /// The changes, ordered by revision.
    public var events: [EtcdEvent]
    /// Whether events of several responses were merged, of which the last one of each key is left.
    ///
    /// Happens to consumers that do not keep up, and only with
    /// ``EtcdWatchOptions/OverflowPolicy-swift.struct/coalesce``. ``EtcdEvent/previous`` is then what
    /// was there before all of them.
    public var isCoalesced: Bool

    /// Creates a batch.
    ///
    /// Batches come from watches; this is for tests of code that handles them.
    ///
    /// - Parameters:
    ///   - kind: What the batch stands for.
    ///   - header: What etcd says about itself.
    ///   - events: The changes.
    ///   - isCoalesced: Whether events of several responses were merged.
    public init(
        kind: Kind,
        header: EtcdResponseHeader,
        events: [EtcdEvent] = [],
        isCoalesced: Bool = false
    ) {
        self.kind = kind
        self.header = header
        self.events = events
        self.isCoalesced = isCoalesced
    }

    /// The revision of the server's store when it sent this batch.
    ///
    /// At least as high as the revision of every event in it. While a watch catches up with
    /// history it can be far higher, and later batches then carry events of lower revisions:
    /// to continue elsewhere, take the revision of the last event, not this one.
    public var revision: EtcdRevision { self.header.revision }
}
