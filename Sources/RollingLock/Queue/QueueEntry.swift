// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// One key of the watched part of a lock.
///
/// A key that is seen again with another create revision is another entry.
struct QueueEntry: Hashable, Comparable, Sendable {
    var key: EtcdBytes
    var createRevision: EtcdRevision
    /// Follows from the key, so two entries of one key are never told by it.
    var kind = QueueKeyKind.ticket(.exclusive)

    /// The order of the queue.
    ///
    /// Tickets that one transaction made share their create revision; only another program could do
    /// that, and any fixed order between them will do.
    static func < (lhs: QueueEntry, rhs: QueueEntry) -> Bool {
        (lhs.createRevision, lhs.key) < (rhs.createRevision, rhs.key)
    }

    static func == (lhs: QueueEntry, rhs: QueueEntry) -> Bool {
        lhs.createRevision == rhs.createRevision && lhs.key == rhs.key
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(self.key)
        hasher.combine(self.createRevision)
    }

    /// Beside which others it may hold the lock.
    var ticketClass: TicketClass {
        switch self.kind {
        case .ticket(let ticketClass), .open(_, let ticketClass): ticketClass
        case .freeze, .limits, .notice: .exclusive
        }
    }
}

/// The deletion of one key, as a watch reports it.
struct QueueDeletion: Equatable, Sendable {
    var key: EtcdBytes
    var revision: EtcdRevision
    /// Follows from the key.
    var kind = QueueKeyKind.ticket(.exclusive)
}
