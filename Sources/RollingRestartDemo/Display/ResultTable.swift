// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl

/// The table at the end: one row per request, in the order of arrival.
struct ResultTable {
    let chronicle: Chronicle

    var lines: [String] {
        let header = ["UNIT", "TOKEN", "WAITED", "HELD", "HANDOFF GAP", "OUTCOME"]
        let rows = self.chronicle.requests.indices
            .sorted { self.revision(of: $0) < self.revision(of: $1) }
            .map(self.row)
        return Self.columns([header] + rows)
    }

    /// The gaps of those handoffs in which the predecessor released the lock to somebody waiting.
    var cleanGaps: [Duration] {
        self.chronicle.requests.indices.compactMap { index in
            guard let gap = self.gap(before: index), !gap.isAfterDeath else { return nil }
            return gap.duration
        }
    }

    private func revision(of index: Int) -> Int64 {
        self.chronicle.ticket(ofRequest: index)?.revision ?? .max
    }

    private func row(_ index: Int) -> [String] {
        let request = self.chronicle.requests[index]
        let revision = self.chronicle.ticket(ofRequest: index).map { "\($0.revision)" } ?? "-"
        let granted = request.granted?.time
        let end = granted ?? request.death?.time
        let waited = end.map { Milliseconds.text(from: request.asked, to: $0) } ?? "-"
        var held = "-"
        if let granted, let letGo = request.letGo {
            held = Milliseconds.text(from: granted, to: letGo)
        }
        var gap = "-"
        if let found = self.gap(before: index) {
            gap = Milliseconds.text(found.duration)
            if found.isAfterDeath { gap += " (holder's lease ran out)" }
        }
        return [request.unit, revision, waited, held, gap, Self.outcome(of: request)]
    }

    private static func outcome(of request: Chronicle.Request) -> String {
        switch request.death?.kind {
        case .whileWaiting: "killed while waiting"
        case .whileHolding: "died while holding"
        case nil: request.status == 0 ? "restarted" : "failed, status \(request.status ?? -1)"
        }
    }

    /// The time between the predecessor's letting go and this request's grant, if it waited then.
    private func gap(before index: Int) -> (duration: Duration, isAfterDeath: Bool)? {
        guard
            let granted = self.chronicle.requests[index].granted?.time,
            let ticket = self.chronicle.ticket(ofRequest: index)
        else { return nil }
        let former = self.chronicle.requests
            .filter { ($0.granted?.time ?? .max) < granted }
            .max { ($0.granted?.time ?? 0) < ($1.granted?.time ?? 0) }
        guard let former, let letGo = former.letGo, ticket.seen < letGo || former.death != nil
        else { return nil }
        return (.nanoseconds(granted - letGo), former.death != nil)
    }

    private static func columns(_ rows: [[String]]) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.indices.map { column in
                column == row.count - 1
                    ? row[column]
                    : row[column]
                        + String(repeating: " ", count: widths[column] - row[column].count)
            }.joined(separator: "  ")
        }
    }
}
