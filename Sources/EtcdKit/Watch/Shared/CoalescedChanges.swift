// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The changes of several batches, of which the last one of each key is left.
struct CoalescedChanges {
    private struct Entry {
        var event: EtcdEvent
        /// Whether the consumer does not have the key, so that its deletion would be no news.
        var isNew: Bool
    }

    private var entries: [EtcdBytes: Entry] = [:]
    private var kind: EtcdChangeBatch.Kind = .changes
    private var bookmark: EtcdRevision?
    private(set) var byteCount = 0

    var eventCount: Int { self.entries.count }

    /// Puts a batch on top of what is there.
    mutating func add(_ batch: EtcdChangeBatch) {
        if batch.kind == .relisting { self.kind = .relisting }
        self.bookmark = batch.bookmark
        for event in batch.events { self.add(event, of: batch.kind) }
    }

    /// The picture is complete up to a later revision, without further changes.
    mutating func move(to bookmark: EtcdRevision) {
        self.bookmark = bookmark
    }

    /// All of it as one batch.
    var batch: EtcdChangeBatch {
        EtcdChangeBatch(
            kind: self.entries.isEmpty ? .progress : self.kind,
            events: self.entries.values.map(\.event).sorted {
                ($0.revision, $0.key) < ($1.revision, $1.key)
            },
            bookmark: self.bookmark,
            isCoalesced: true
        )
    }

    private mutating func add(_ event: EtcdEvent, of kind: EtcdChangeBatch.Kind) {
        let known = self.entries[event.key]
        if let known { self.byteCount -= known.event.byteCount }
        if known?.isNew == true && event.kind == .delete {
            self.entries[event.key] = nil
            return
        }
        var event = event
        if let known { event.previous = known.event.previous }
        // What a listing shows as just created may have replaced what the consumer has.
        let isNew = known?.isNew ?? (event.isCreation && kind == .changes)
        self.byteCount += event.byteCount
        self.entries[event.key] = Entry(event: event, isNew: isNew)
    }
}

extension EtcdEvent {
    /// The bytes of keys and values.
    var byteCount: Int {
        self.key.count + self.keyValue.value.count
            + (self.previous.map { $0.key.count + $0.value.count } ?? 0)
    }
}
