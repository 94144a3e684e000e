// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a mirror remembers of the picture that its consumer has: which keys, in which version.
///
/// That is what it takes to find out what a listing changes. Values are kept only on request.
struct MirrorMemory {
    private struct Entry {
        var modRevision: EtcdRevision
        /// The listing in which the key was last seen.
        var listing: UInt32
    }

    private var entries: [EtcdBytes: Entry] = [:]
    /// Nil unless values are kept.
    private var keyValues: [EtcdBytes: EtcdKeyValue]?
    private var listing: UInt32 = 0

    init(keepsValues: Bool) {
        self.keyValues = keepsValues ? [:] : nil
    }

    var keepsValues: Bool { self.keyValues != nil }

    var count: Int { self.entries.count }

    /// The consumer's picture is empty.
    mutating func removeAll() {
        self.entries = [:]
        if self.keepsValues { self.keyValues = [:] }
    }

    /// The consumer has this key already.
    mutating func recall(_ keyValue: EtcdKeyValue) {
        self.keep(keyValue)
    }

    /// The server reported a change.
    ///
    /// - Returns: The change, with what was there before if that is kept.
    mutating func apply(_ event: EtcdEvent) -> EtcdEvent {
        var event = event
        event.previous = self.keyValues?[event.key]
        switch event.kind {
        case .put: self.keep(event.keyValue)
        case .delete: self.drop(event.key)
        }
        return event
    }

    private mutating func keep(_ keyValue: EtcdKeyValue) {
        self.entries[keyValue.key] = Entry(
            modRevision: keyValue.modRevision,
            listing: self.listing
        )
        self.keyValues?[keyValue.key] = keyValue
    }

    private mutating func drop(_ key: EtcdBytes) {
        self.entries[key] = nil
        self.keyValues?[key] = nil
    }
}

// MARK: - Listings

extension MirrorMemory {
    /// A listing begins; one that was not finished counts for nothing.
    mutating func beginListing() {
        self.listing &+= 1
    }

    /// The listing has a key.
    ///
    /// - Returns: What that changes; nil if the consumer has this version of the key.
    mutating func list(_ keyValue: EtcdKeyValue) -> EtcdEvent? {
        let known = self.entries[keyValue.key]
        if let known, known.modRevision >= keyValue.modRevision {
            self.entries[keyValue.key]?.listing = self.listing
            return nil
        }
        return self.apply(EtcdEvent(kind: .put, keyValue: keyValue))
    }

    /// The listing is complete: what it did not have is gone.
    ///
    /// - Parameter revision: The revision of the listing.
    /// - Returns: A deletion for each key that vanished, in the order of the keys.
    mutating func endListing(at revision: EtcdRevision) -> [EtcdEvent] {
        let vanished = self.entries.filter { $0.value.listing != self.listing }.keys.sorted()
        return vanished.map { key in
            var event = self.apply(EtcdEvent(kind: .delete, keyValue: .deleted(key, revision)))
            event.isSynthetic = true
            return event
        }
    }
}

extension EtcdKeyValue {
    /// What an event of a deletion carries.
    fileprivate static func deleted(_ key: EtcdBytes, _ revision: EtcdRevision) -> EtcdKeyValue {
        EtcdKeyValue(key: key, value: "", createRevision: 0, modRevision: revision, version: 0)
    }
}
