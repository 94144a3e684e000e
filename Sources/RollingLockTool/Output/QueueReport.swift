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
        var mode: String
        var group: String?

        private enum CodingKeys: String, CodingKey {
            case place, state, unit, since, lease, reason, foreign, mode, group
            case ageSeconds = "age_s"
            case fencingToken = "fencing_token"
        }
    }

    /// Nobody proves that a ticket was written by the unit it names.
    static let ownershipCheck = "unchecked (per-unit-ownership TODO)"

    struct Freeze: Encodable {
        var reason: String?
        var by: String?
        var since: String?
    }

    /// A unit that came to an unclean end while it may have held the lock.
    struct Orphan: Encodable {
        var unit: String
        var fencingToken: Int64

        private enum CodingKeys: String, CodingKey {
            case unit
            case fencingToken = "fencing_token"
        }
    }

    var lock: String
    var revision: Int64
    var slots: Int
    var limits: String
    var freeze: Freeze?
    var orphans: [Orphan]
    var ownershipCheck = Self.ownershipCheck
    var tickets: [Ticket]

    private enum CodingKeys: String, CodingKey {
        case lock, revision, slots, limits, freeze, orphans, tickets
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
        self.slots = queue.limits.slotCount
        self.limits = "\(queue.limits)"
        self.freeze = queue.freeze.map {
            Freeze(reason: $0.reason, by: $0.by, since: $0.at.map { "\($0)" })
        }
        self.orphans = queue.orphans.map {
            Orphan(unit: $0.unitDescription, fencingToken: $0.createRevision.rawValue)
        }
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
                foreign: ticket.isForeign,
                mode: ticket.mode.rawValue,
                group: ticket.group.map { $0.string ?? "?" }
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
                ticket.note,
            ]
        }
        var lines = TextTable.lines([header] + rows)
        if rows.isEmpty { lines = ["lock \(self.lock.printable) is free, nobody waits"] }
        if self.slots > 1 { lines.append("limits: \(self.limits)") }
        if let freeze = self.freeze { lines.append("frozen " + freeze.text) }
        for orphan in self.orphans {
            lines.append(
                "\(orphan.unit.printable) (token \(orphan.fencingToken)) came to an unclean end; "
                    + "the next waits for its takeover delay"
            )
        }
        lines.append("ownership check: \(self.ownershipCheck)")
        return lines.map { $0 + "\n" }.joined()
    }

    /// The queue in one line, for following it in a file.
    var line: String {
        let holders = self.tickets.filter(\.holds).map {
            "\($0.unit.printable) holds (token \($0.fencingToken))"
        }
        let waiters = self.tickets.filter { !$0.holds }.map(\.unit.printable)
        var parts = holders.isEmpty ? ["free"] : holders
        if !waiters.isEmpty { parts.append("waiting: " + waiters.joined(separator: ", ")) }
        if let freeze = self.freeze { parts.append("frozen " + freeze.text) }
        if !self.orphans.isEmpty {
            let units = self.orphans.map(\.unit.printable).joined(separator: ", ")
            parts.append("unclean end of \(units)")
        }
        return "revision \(self.revision): " + parts.joined(separator: "; ")
    }
}

extension QueueReport.Ticket {
    fileprivate var holds: Bool { self.state == "holds" }

    /// What a table says of the ticket beside its columns.
    fileprivate var note: String {
        if self.foreign { return "(another program's ticket)" }
        var notes = [self.reason?.printable ?? "-"]
        if self.mode == RollingLockMode.shared.rawValue { notes.append("(shared)") }
        if let group = self.group { notes.append("(group \(group.printable))") }
        return notes.joined(separator: " ")
    }
}

extension QueueReport.Freeze {
    fileprivate var text: String {
        "by \(self.by?.printable ?? "?") at \(self.since ?? "?"): \(self.reason?.printable ?? "")"
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
