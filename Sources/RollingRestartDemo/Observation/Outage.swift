// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A time during which a unit's service was down.
struct Outage: Sendable, Hashable {
    var unit: String
    var begin: Int64
    var end: Int64

    func overlaps(_ other: Outage) -> Bool {
        self.begin < other.end && other.begin < self.end
    }

    /// The pairs of outages of different units that overlap.
    static func overlaps(among outages: [Outage]) -> [(Outage, Outage)] {
        outages.enumerated().flatMap { index, outage in
            outages[(index + 1)...]
                .filter { $0.unit != outage.unit && $0.overlaps(outage) }
                .map { (outage, $0) }
        }
    }

    /// The outages in one unit's reports.
    ///
    /// - Parameters:
    ///   - notes: The reports, in order.
    ///   - down: The event that begins an outage.
    ///   - up: The event that ends it; what comes before the first one does not count.
    ///   - now: The end of an outage that has none.
    ///   - time: The time that a report states.
    /// - Returns: The outages, in order.
    static func all(
        in notes: [Note],
        down: String,
        up: String,
        now: Int64,
        time: (Note) -> Int64
    ) -> [Outage] {
        var outages: [Outage] = []
        var wasUp = false
        var begin: Int64?
        for note in notes {
            if note.event == up {
                if let start = begin {
                    outages.append(Outage(unit: note.unit ?? "?", begin: start, end: time(note)))
                }
                begin = nil
                wasUp = true
            } else if note.event == down, wasUp, begin == nil {
                begin = time(note)
            }
        }
        if let start = begin {
            outages.append(Outage(unit: notes.last?.unit ?? "?", begin: start, end: now))
        }
        return outages
    }
}
