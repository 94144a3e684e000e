// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One change of one key, as a watch reports it.
public struct EtcdEvent: Sendable, Hashable {
    /// What happened to the key.
    public enum Kind: Sendable, Hashable {
        /// The key was created or overwritten.
        case put
        /// The key was deleted, or its lease ended.
        case delete
    }

    /// What happened to the key.
    public var kind: Kind
    /// The key as it is after the change.
    ///
    /// For a deletion only `key` and `modRevision` carry a meaning: the key, and the revision
    /// at which it was deleted.
    public var keyValue: EtcdKeyValue
    /// The key as it was before the change.
    ///
    /// Present only if the watch was opened with ``EtcdWatchOptions/includePrevious``, if the
    /// key existed before, and if the server has not compacted that revision away.
    public var previous: EtcdKeyValue?
    /// True if the deletion was concluded from the key's absence in a listing.
    ///
    /// Mirrors report such events when the history that held the real one was compacted away. Its
    /// revision is that of the listing: the key was deleted then or earlier. Always false for what a
    /// server reported.
    public var isSynthetic: Bool

    /// The key that changed.
    public var key: EtcdBytes { self.keyValue.key }

    /// The revision at which the change happened.
    public var revision: EtcdRevision { self.keyValue.modRevision }

    /// True if the change brought the key into existence.
    public var isCreation: Bool {
        self.kind == .put && self.keyValue.createRevision == self.keyValue.modRevision
    }

    /// Creates an event.
    ///
    /// Events come from watches; this is for tests of code that handles them.
    ///
    /// - Parameters:
    ///   - kind: What happened to the key.
    ///   - keyValue: The key as it is after the change.
    ///   - previous: The key as it was before the change, if known.
    ///   - isSynthetic: Whether the deletion was concluded from a listing.
    public init(
        kind: Kind,
        keyValue: EtcdKeyValue,
        previous: EtcdKeyValue? = nil,
        isSynthetic: Bool = false
    ) {
        self.kind = kind
        self.keyValue = keyValue
        self.previous = previous
        self.isSynthetic = isSynthetic
    }
}
