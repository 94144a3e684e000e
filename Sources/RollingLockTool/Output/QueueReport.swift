// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import FoundationEssentials
import RollingLock

/// A queue as `status` shows it.
struct QueueReport: Encodable {
    struct Ticket: Encodable {
        var place: Int
        var state: String
        var unit: String
        var since: String?
        var ageSeconds: Double?
        var fencingToken: Int64
        var lease: String?
        var reason: String?
        var foreign: Bool

        private enum CodingKeys: String, CodingKey {
            case place, state, unit, since, lease, reason, foreign
            case ageSeconds = "age_s"
            case fencingToken = "fencing_token"
        }
    }

    /// Nobody proves that a ticket was written by the unit it names.
    static let ownershipCheck = "unchecked (per-unit-ownership TODO)"

    var lock: String
    var revision: Int64
    var ownershipCheck = Self.ownershipCheck
    var tickets: [Ticket]

    private enum CodingKeys: String, CodingKey {
        case lock, revision, tickets
        case ownershipCheck = "ownership_check"
    }

    /// Describes a queue.
    ///
    /// - Parameters:
    ///   - queue: The queue.
    ///   - lock: The name of the lock.
    ///   - now: The present by this machine's wall clock, for the ages.
    init(_ queue: RollingLockQueue, lock: String, now: RollingLockTimestamp = .now) {
        self.lock = lock
        self.revision = queue.revision.rawValue
        self.tickets = queue.tickets.enumerated().map { place, ticket in
            Ticket(
                place: place,
                state: ticket.isHolding ? "holds" : "waits",
                unit: ticket.unitDescription,
                since: ticket.since.map { "\($0)" },
                ageSeconds: ticket.since.map {
                    Double(now.millisecondsSince1970 - $0.millisecondsSince1970) / 1000
                },
                fencingToken: ticket.createRevision.rawValue,
                lease: ticket.leaseID.map { "\($0)" },
                reason: ticket.reason,
                foreign: ticket.isForeign
            )
        }
    }

    /// The queue as a table, each line ended.
    var table: String {
        let header = ["PLACE", "UNIT", "STATE", "SINCE", "AGE", "TOKEN", "REASON"]
        let rows = self.tickets.map { ticket in
            [
                "\(ticket.place)", ticket.unit.printable, ticket.state, ticket.since ?? "-",
                ticket.ageSeconds.map { DurationText.format(.seconds($0)) } ?? "-",
                "\(ticket.fencingToken)",
                ticket.foreign ? "(another program's ticket)" : ticket.reason?.printable ?? "-",
            ]
        }
        var lines = TextTable.lines([header] + rows)
        if rows.isEmpty { lines = ["lock \(self.lock.printable) is free, nobody waits"] }
        lines.append("ownership check: \(self.ownershipCheck)")
        return lines.map { $0 + "\n" }.joined()
    }

    /// The queue in one line, for following it in a file.
    var line: String {
        guard let holder = self.tickets.first else {
            return "revision \(self.revision): free"
        }
        let waiters = self.tickets.dropFirst().map(\.unit.printable)
        return "revision \(self.revision): \(holder.unit.printable) holds "
            + "(token \(holder.fencingToken))"
            + (waiters.isEmpty ? "" : "; waiting: " + waiters.joined(separator: ", "))
    }
}

extension RollingLockTimestamp {
    /// The present.
    static var now: RollingLockTimestamp {
        RollingLockTimestamp(
            millisecondsSince1970: Int64(Date().timeIntervalSince1970 * 1000)
        )
    }
}
