// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a watch delivers at once: the events of whole revisions, or a mark of progress.
///
/// All events of one revision always arrive in the same batch, however large a transaction was:
/// after a batch the consumer has seen a state that really existed.
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
    /// The revision of the server's store when it sent this batch.
    ///
    /// At least as high as the revision of every event in it. While a watch catches up with
    /// history it can be far higher, and later batches then carry events of lower revisions:
    /// to continue elsewhere, take the revision of the last event, not this one.
    public var revision: EtcdRevision
    /// The changes, ordered by revision.
    public var events: [EtcdEvent]

    /// Creates a batch.
    ///
    /// Batches come from watches; this is for tests of code that handles them.
    ///
    /// - Parameters:
    ///   - kind: What the batch stands for.
    ///   - revision: The revision of the server's store.
    ///   - events: The changes.
    public init(kind: Kind, revision: EtcdRevision, events: [EtcdEvent] = []) {
        self.kind = kind
        self.revision = revision
        self.events = events
    }
}
