// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a mirror or a subscription delivers at once: part of a state, or the changes that lead from
/// one state to a later one.
///
/// Whoever applies the events of every batch in order, writing for a put and removing for a delete,
/// has a picture of the range. After a batch with a ``bookmark`` the picture is what the store held
/// at that revision, whole transactions included; no key ever goes back to an older state.
public struct EtcdChangeBatch: Sendable, Hashable {
    /// What a batch stands for.
    public enum Kind: Sendable, Hashable {
        /// The state of the range, or a part of it: puts only.
        ///
        /// It begins with an empty picture, so whoever kept one from an earlier mirror drops it
        /// when the first batch of this kind comes. Comes at the beginning only.
        case snapshot
        /// What happened since the batch before.
        case changes
        /// The difference between what was delivered before and a later state, or a part of it.
        ///
        /// The history in between was compacted away. What was overwritten several times comes
        /// once, and what vanished comes as a delete with ``EtcdEvent/isSynthetic``.
        case relisting
        /// Nothing changed, but the bookmark has moved.
        case progress
    }

    /// What this batch stands for.
    public var kind: Kind
    /// The changes to apply, never two of one key unless they are of different revisions.
    public var events: [EtcdEvent]
    /// The revision up to which the picture is complete once this batch was applied.
    ///
    /// Nil while a snapshot or a relisting is under way: the picture is then between two states.
    /// Store it with what was made of the events to continue from it later.
    public var bookmark: EtcdRevision?
    /// Whether events of several batches were merged, of which the last one of each key is left.
    ///
    /// Happens to subscriptions that do not keep up with ``EtcdSubscriptionOptions/OverflowPolicy-swift.struct/coalesce``.
    public var isCoalesced: Bool

    /// Creates a batch.
    ///
    /// Batches come from mirrors and subscriptions; this is for tests of code that handles them.
    ///
    /// - Parameters:
    ///   - kind: What the batch stands for.
    ///   - events: The changes to apply.
    ///   - bookmark: The revision up to which the picture is complete then, if it is.
    ///   - isCoalesced: Whether events of several batches were merged.
    public init(
        kind: Kind,
        events: [EtcdEvent] = [],
        bookmark: EtcdRevision? = nil,
        isCoalesced: Bool = false
    ) {
        self.kind = kind
        self.events = events
        self.bookmark = bookmark
        self.isCoalesced = isCoalesced
    }
}
