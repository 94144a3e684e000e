// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What became of the tickets of a lock in the store, and of the key that its holders write to.
///
/// Revisions are the store's own order of everything that happened in it.
package struct LockStoreHistory: Sendable {
    /// A key below the queue's prefix, from its creation to its deletion.
    package struct Ticket: Sendable, Hashable {
        package var created: Int64
        package var lease: Int64
        /// Who made it and why, if it says so.
        package var attempt: LockAttempt?
        package var deleted: Int64?
        /// Whether its deletion was its holder's: the mark of that was left at the same revision.
        package var isReleased = false

        package init(created: Int64, lease: Int64, attempt: LockAttempt?) {
            self.created = created
            self.lease = lease
            self.attempt = attempt
        }

        package var description: String {
            "ticket \(self.created) of \(self.attempt?.description ?? "a stranger")"
        }
    }

    /// A holder wrote its token to the key that only holders write to.
    package struct Write: Sendable, Hashable {
        package var revision: Int64
        package var token: Int64
    }

    /// In the order of creation.
    package private(set) var tickets: [Ticket] = []
    package private(set) var writes: [Write] = []
    /// The tickets that exist, by key, as indices.
    private var current: [String: Int] = [:]
    /// The last deletion, which a mark at the same revision belongs to.
    private var lastDeleted: [Int] = []
    /// A mark that was seen before the deletion it belongs to.
    private var lastMark: Int64 = 0

    package init() {}

    /// A ticket was created; nothing happens if it was there before.
    package mutating func put(_ key: String, _ ticket: Ticket, isCreation: Bool) {
        guard isCreation else { return }
        self.current[key] = self.tickets.count
        self.tickets.append(ticket)
    }

    package mutating func delete(_ key: String, at revision: Int64) {
        guard let index = self.current.removeValue(forKey: key) else { return }
        self.tickets[index].deleted = revision
        self.tickets[index].isReleased = self.lastMark == revision
        if let last = self.lastDeleted.first, self.tickets[last].deleted != revision {
            self.lastDeleted = []
        }
        self.lastDeleted.append(index)
    }

    /// Some holder left the mark of a clean release.
    package mutating func marked(at revision: Int64) {
        self.lastMark = revision
        for index in self.lastDeleted where self.tickets[index].deleted == revision {
            self.tickets[index].isReleased = true
        }
    }

    package mutating func wrote(_ token: Int64, at revision: Int64) {
        self.writes.append(.init(revision: revision, token: token))
    }

    /// The tickets that exist, with their keys, in the order of the queue.
    package var queue: [(key: String, ticket: Ticket)] {
        self.current.map { ($0.key, self.tickets[$0.value]) }
            .sorted { $0.1.created < $1.1.created }
    }

    /// A ticket by its create revision.
    package func ticket(_ created: Int64) -> Ticket? {
        self.index(of: created).map { self.tickets[$0] }
    }

    func index(of created: Int64) -> Int? {
        var range = 0..<self.tickets.count
        while let middle = range.isEmpty ? nil : (range.lowerBound + range.upperBound) / 2 {
            let found = self.tickets[middle].created
            if found == created { return middle }
            range = found < created ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// For each ticket the revision from which on it is the first.
    ///
    /// That is when the last of those before it was deleted; `Int64.max` if that never came.
    func turns() -> [Int64] {
        var last: Int64 = 0
        return self.tickets.map { ticket in
            defer { last = max(last, ticket.deleted ?? .max) }
            return last
        }
    }
}

/// The how many-eth time a contender asks for the lock.
package struct LockAttempt: Sendable, Hashable, LosslessStringConvertible {
    package var who: ContenderID
    package var number: Int

    package init(_ who: ContenderID, _ number: Int) {
        self.who = who
        self.number = number
    }

    /// Reads what `description` wrote.
    package init?(_ description: String) {
        let parts = description.split(separator: "#", omittingEmptySubsequences: false)
        guard parts.count == 2, let who = ContenderID(String(parts[0])), let number = Int(parts[1])
        else { return nil }
        self.init(who, number)
    }

    package var description: String { "\(self.who)#\(self.number)" }
}
