// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// The queue as far as it is known: the tickets in their order, and what else decides.
///
/// Two facts make it independent of the order in which answers and events arrive: an entry that was
/// ever listed existed, and a deletion at revision *r* removes exactly those entries of its key
/// that were created before *r*.
struct QueueView: Equatable, Sendable {
    /// The tickets, ordered by create revision.
    private(set) var entries: [QueueEntry] = []

    /// The tickets that are gone without a clean end, in their order.
    ///
    /// Each is known by the `open` key that it left.
    private(set) var orphans: [QueueEntry] = []

    /// The create revisions of the `open` keys, by the keys of their tickets.
    private var opens: [EtcdBytes: EtcdRevision] = [:]

    /// What is kept of freeze and limits.
    private var signs: [QueueEntry] = []

    /// Everything that was created up to here is known; `nil` if deletions may have been missed.
    private(set) var completeThrough: EtcdRevision?

    init() {}

    /// The whole queue as an answer lists it.
    init(_ listing: [QueueEntry], at revision: EtcdRevision) {
        self.replace(with: listing, at: revision)
    }

    /// True while nobody may be granted the lock.
    var isFrozen: Bool { self.signs.contains { $0.kind == .freeze } }

    /// How many may hold the lock together.
    ///
    /// What cannot be read, or is there twice, counts as one slot.
    var limits: RollingLockLimits {
        var found: RollingLockLimits?
        for sign in self.signs {
            guard case .limits(let limits) = sign.kind else { continue }
            if found != nil { return .one }
            found = limits ?? .one
        }
        return found ?? .one
    }

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
        let complete = max(revision, self.completeThrough ?? revision)
        let laterTickets = self.entries.filter { $0.createRevision > revision }
        let laterSigns = self.signs.filter { $0.createRevision > revision }
        let laterOpens = self.opens.filter { $0.value > revision }
        let laterOrphans = self.orphans.filter { $0.createRevision > revision }
        self = QueueView()
        self.opens = laterOpens
        self.orphans = laterOrphans
        self.entries.reserveCapacity(listing.count)
        self.insert(listing)
        self.insert(laterTickets)
        self.insert(laterSigns)
        self.completeThrough = complete
    }

    /// Takes what was created since ``completeThrough``, as it stood at a revision.
    mutating func extend(with listing: [QueueEntry], at revision: EtcdRevision) {
        self.insert(listing)
        self.completeThrough = self.completeThrough.map { max($0, revision) }
    }

    /// Takes entries that existed together, without a claim that they are all.
    ///
    /// Of a ticket and its `open` key either both are among them or none.
    mutating func insert(_ listing: [QueueEntry]) {
        for entry in listing {
            switch entry.kind {
            case .ticket:
                Self.insert(entry, into: &self.entries)
            case .open(let ticket, _):
                self.opens[ticket] = max(self.opens[ticket] ?? 0, entry.createRevision)
            case .freeze, .limits:
                Self.insert(entry, into: &self.signs)
            case .notice:
                break
            }
        }
        for case .open(let ticket, let ticketClass) in listing.lazy.map(\.kind) {
            guard let created = self.opens[ticket] else { continue }
            self.noteIfOrphaned(
                QueueEntry(key: ticket, createRevision: created, kind: .ticket(ticketClass))
            )
        }
    }

    /// Takes a deletion.
    ///
    /// - Returns: The ticket that it removed, if it did.
    @discardableResult
    mutating func apply(_ deletion: QueueDeletion) -> QueueEntry? {
        switch deletion.kind {
        case .ticket:
            var removed: QueueEntry?
            self.entries.removeAll { entry in
                guard entry.createRevision < deletion.revision, entry.key == deletion.key else {
                    return false
                }
                removed = entry
                return true
            }
            return removed
        case .open(let ticket, _):
            if let created = self.opens[ticket], created < deletion.revision {
                self.opens[ticket] = nil
            }
            self.orphans.removeAll {
                $0.createRevision < deletion.revision && $0.key == ticket
            }
        case .freeze, .limits:
            self.signs.removeAll {
                $0.createRevision < deletion.revision && $0.key == deletion.key
            }
        case .notice:
            break
        }
        return nil
    }

    /// Keeps in mind that a ticket is gone without a clean end, if that is the case.
    ///
    /// To be asked when all that happened at a revision has been taken.
    ///
    /// - Returns: True if it is.
    @discardableResult
    mutating func noteIfOrphaned(_ ticket: QueueEntry) -> Bool {
        guard self.opens[ticket.key] == ticket.createRevision, !self.contains(ticket) else {
            return false
        }
        Self.insert(ticket, into: &self.orphans)
        return true
    }

    func contains(_ entry: QueueEntry) -> Bool {
        let index = Self.index(in: self.entries) { $0 < entry }
        return index < self.entries.count && self.entries[index] == entry
    }

    func ahead(of entry: QueueEntry) -> ArraySlice<QueueEntry> {
        self.entries[..<Self.index(in: self.entries) { $0 < entry }]
    }

    /// The tickets that hold the lock by their places, in order.
    ///
    /// - Parameter counts: Whether an orphan still counts as a holder.
    /// - Returns: The tickets.
    func holders(counting counts: (QueueEntry) -> Bool) -> [QueueEntry] {
        var holders: [QueueEntry] = []
        self.walk(counting: counts) { holders.append($0) }
        return holders
    }

    /// The revision since when the limits have been as they are.
    var limitsSince: EtcdRevision {
        self.signs.lazy.filter { if case .limits = $0.kind { true } else { false } }
            .map(\.createRevision).max() ?? 0
    }

    /// The first ticket or orphan whose turn it is not; `nil` if all hold the lock.
    func firstWaiter(counting counts: (QueueEntry) -> Bool) -> QueueEntry? {
        self.walk(counting: counts) { _ in }
    }

    /// Walks from the head of the queue to the first that does not hold the lock.
    @discardableResult
    private func walk(
        counting counts: (QueueEntry) -> Bool,
        _ body: (QueueEntry) -> Void
    ) -> QueueEntry? {
        var admission = Admission(limits: self.limits)
        let orphans = self.orphans.filter(counts)
        var next = 0
        for entry in self.entries {
            while next < orphans.count, orphans[next] < entry {
                guard admission.admits(orphans[next].ticketClass) else { return orphans[next] }
                next += 1
            }
            guard admission.admits(entry.ticketClass) else { return entry }
            body(entry)
        }
        return nil
    }

    private static func insert(_ entry: QueueEntry, into entries: inout [QueueEntry]) {
        let index = self.index(in: entries) { $0 < entry }
        if index < entries.count, entries[index] == entry { return }
        entries.insert(entry, at: index)
    }

    /// The number of entries for which a condition holds that holds for the first ones only.
    private static func index(
        in entries: [QueueEntry],
        where isBefore: (QueueEntry) -> Bool
    ) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if isBefore(entries[middle]) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
