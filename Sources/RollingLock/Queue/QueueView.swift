// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// One key of a queue.
///
/// A key that is seen again with another create revision is another ticket.
struct QueueEntry: Equatable, Comparable, Sendable {
    var key: EtcdBytes
    var createRevision: EtcdRevision

    /// The order of the queue.
    ///
    /// Keys that one transaction made share their create revision; only another program could do
    /// that, and any fixed order between them will do.
    static func < (lhs: QueueEntry, rhs: QueueEntry) -> Bool {
        (lhs.createRevision, lhs.key) < (rhs.createRevision, rhs.key)
    }
}

/// The deletion of one key, as a watch reports it.
struct QueueDeletion: Equatable, Sendable {
    var key: EtcdBytes
    var revision: EtcdRevision
}

/// The tickets of a queue in their order, as far as they are known.
///
/// Two facts make it independent of the order in which answers and events arrive: an entry that was
/// ever listed existed, and a deletion at revision *r* removes exactly those entries of its key
/// that were created before *r*.
struct QueueView: Equatable, Sendable {
    /// Ordered by create revision.
    private(set) var entries: [QueueEntry] = []

    /// Everything that was created up to here is known; `nil` if deletions may have been missed.
    private(set) var completeThrough: EtcdRevision?

    /// Deletions may be missed from now on.
    mutating func becomeStale() {
        self.completeThrough = nil
    }

    /// Nothing is known any more.
    mutating func removeAll() {
        self = QueueView()
    }

    /// Takes a whole queue, in order, as it stood at a revision since which no deletion is missed.
    mutating func replace(with listing: [QueueEntry], at revision: EtcdRevision) {
        let later = self.entries.filter { $0.createRevision > revision }
        self.entries = listing
        self.insert(later)
        self.completeThrough = max(revision, self.completeThrough ?? revision)
    }

    /// Takes what was created since ``completeThrough``, as it stood at a revision.
    mutating func extend(with listing: [QueueEntry], at revision: EtcdRevision) {
        self.insert(listing)
        self.completeThrough = self.completeThrough.map { max($0, revision) }
    }

    /// Takes entries that existed, without a claim that they are all.
    mutating func insert(_ listing: [QueueEntry]) {
        for entry in listing {
            let index = self.index { $0 < entry }
            if index < self.entries.count, self.entries[index] == entry { continue }
            self.entries.insert(entry, at: index)
        }
    }

    mutating func apply(_ deletion: QueueDeletion) {
        self.entries.removeAll {
            $0.createRevision < deletion.revision && $0.key == deletion.key
        }
    }

    func contains(_ entry: QueueEntry) -> Bool {
        let index = self.index { $0 < entry }
        return index < self.entries.count && self.entries[index] == entry
    }

    func ahead(of entry: QueueEntry) -> ArraySlice<QueueEntry> {
        self.entries[..<self.index { $0 < entry }]
    }

    /// The number of entries for which a condition holds that holds for the first ones only.
    private func index(where isBefore: (QueueEntry) -> Bool) -> Int {
        var low = 0
        var high = self.entries.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(self.entries[middle]) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
