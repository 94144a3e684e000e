// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

/// The tickets that `evict` and `cancel` removed.
struct RemovalReport: Encodable {
    struct Ticket: Encodable {
        var unit: String
        var fencingToken: Int64

        private enum CodingKeys: String, CodingKey {
            case unit
            case fencingToken = "fencing_token"
        }
    }

    var lock: String
    var removed: [Ticket]

    init(lock: String, _ tickets: [RollingLockTicket]) {
        self.lock = lock
        self.removed = tickets.map {
            Ticket(unit: $0.unitDescription, fencingToken: $0.createRevision.rawValue)
        }
    }

    func show(asJSON: Bool) {
        if asJSON {
            StandardStream.output.write(JSONText.line(self) + "\n")
        } else if self.removed.isEmpty {
            StandardStream.output.write("nothing to remove\n")
        } else {
            for ticket in self.removed {
                StandardStream.output.write(
                    "removed the ticket \(ticket.fencingToken) of \(ticket.unit.printable)\n"
                )
            }
        }
    }
}
