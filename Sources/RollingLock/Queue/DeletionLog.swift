// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// The deletions that the answers still under way may not know of yet.
///
/// Answers and events come over different connections: a deletion can arrive before the listing
/// that still shows the deleted ticket. So deletions are kept while a request is under way, and
/// applied to its answer.
struct DeletionLog: Equatable, Sendable {
    private var deletions: [QueueDeletion] = []
    /// For each request under way a revision that its answer cannot lie before.
    private var floors: [Int: EtcdRevision] = [:]
    private var newest: EtcdRevision = 0

    /// A request is sent.
    mutating func begin(_ request: Int) {
        self.floors[request] = self.newest
    }

    /// Its answer was dealt with, or will not come.
    mutating func end(_ request: Int) {
        self.floors[request] = nil
        guard let floor = self.floors.values.min() else {
            self.deletions.removeAll(keepingCapacity: true)
            return
        }
        let kept = self.deletions.firstIndex { $0.revision > floor } ?? self.deletions.count
        self.deletions.removeFirst(kept)
    }

    mutating func append(_ deletion: QueueDeletion) {
        self.newest = max(self.newest, deletion.revision)
        if !self.floors.isEmpty { self.deletions.append(deletion) }
    }

    /// etcd was seen at this revision: no request sent from now on is answered at an earlier one.
    mutating func saw(_ revision: EtcdRevision) {
        self.newest = max(self.newest, revision)
    }

    /// Whether an answer lies before what had been seen when its request was sent: the store was taken
    /// back to an earlier state, restored from a backup perhaps.
    func isBefore(_ request: Int, _ revision: EtcdRevision) -> Bool {
        self.floors[request].map { revision < $0 } ?? false
    }

    /// What was seen was another store's; the requests under way stay.
    mutating func forget() {
        self.deletions = []
        self.newest = 0
        self.floors = self.floors.mapValues { _ in 0 }
    }

    func apply(to view: inout QueueView) {
        let removed = self.deletions.compactMap { view.apply($0) }
        for ticket in removed { view.noteIfOrphaned(ticket) }
    }

    func removes(_ entry: QueueEntry) -> Bool {
        self.deletions.contains {
            $0.revision > entry.createRevision && $0.key == entry.key
        }
    }
}
