// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl

/// Whether the roll went as promised, computed from what was observed.
package struct Verdict: Sendable {
    package struct Finding: Sendable {
        package var promise: String
        package var isKept: Bool
        package var evidence: String
    }

    package let findings: [Finding]

    package var isKept: Bool { self.findings.allSatisfy(\.isKept) }

    package init(_ chronicle: Chronicle) {
        self.findings = [
            Self.oneAtATimeByServices(chronicle), Self.oneAtATimeByObservers(chronicle),
            Self.order(chronicle), Self.completeness(chronicle),
        ]
    }

    private static func oneAtATimeByServices(_ chronicle: Chronicle) -> Finding {
        let outages = chronicle.outagesByServices
        let overlaps = Outage.overlaps(among: outages)
        return Finding(
            promise: "never two units down at once, by the services' own times",
            isKept: overlaps.isEmpty && !outages.isEmpty,
            evidence: "\(outages.count) outages, \(overlaps.count) overlaps"
                + Self.names(overlaps)
        )
    }

    /// The observers were not told when to look: they must have seen every outage to be believed.
    private static func oneAtATimeByObservers(_ chronicle: Chronicle) -> Finding {
        let outages = chronicle.outagesByObservers
        let overlaps = Outage.overlaps(among: outages)
        let missed = Demonstration.units.reduce(0) { sum, unit in
            let happened = chronicle.outagesByServices.count { $0.unit == unit }
            let seen = outages.count { $0.unit == unit }
            return sum + max(0, happened - seen)
        }
        let last = chronicle.observers.values.compactMap(\.last)
        let probes = last.compactMap(\.probes).reduce(0, +)
        let pause = Duration.nanoseconds(last.compactMap(\.longestPause).max() ?? 0)
        return Finding(
            promise: "never two units down at once, by independent observers",
            isKept: overlaps.isEmpty && missed == 0 && probes > 0,
            evidence: "\(outages.count) outages seen, \(missed) missed, \(overlaps.count) overlaps"
                + Self.names(overlaps)
                + "; \(probes) probes, longest pause \(Milliseconds.text(pause))"
        )
    }

    /// Restarts began in the order in which etcd had the tickets; who died waiting is left out.
    private static func order(_ chronicle: Chronicle) -> Finding {
        let arrivals = chronicle.requests.indices
            .filter { chronicle.requests[$0].death?.kind != .whileWaiting }
            .compactMap { index in
                chronicle.ticket(ofRequest: index).map { ($0.revision, $0.unit) }
            }
            .sorted { $0.0 < $1.0 }
        let restarts = chronicle.requests
            .compactMap { $0.first("restart-begin") }
            .sorted { $0.time < $1.time }
            .map { ($0.fencingToken ?? 0, $0.unit ?? "?") }
        let isKept =
            arrivals.count == restarts.count && !arrivals.isEmpty
            && zip(arrivals, restarts).allSatisfy { $0 == $1 }
        return Finding(
            promise: "order of restarts = order of arrival",
            isKept: isKept,
            evidence: isKept
                ? restarts.map { "\($0.1) (\($0.0))" }.joined(separator: ", ")
                : "arrived: \(arrivals.map { "\($0.1) (\($0.0))" }.joined(separator: ", ")); "
                    + "restarted: \(restarts.map { "\($0.1) (\($0.0))" }.joined(separator: ", "))"
        )
    }

    private static func completeness(_ chronicle: Chronicle) -> Finding {
        let failed = chronicle.requests.filter { $0.death == nil && $0.status != 0 }
        let restarted = Set(
            chronicle.requests.filter { $0.status == 0 && $0.first("restart-end") != nil }
                .map(\.unit)
        )
        return Finding(
            promise: "every unit was restarted, although two were killed",
            isKept: failed.isEmpty && restarted == Set(Demonstration.units),
            evidence: "\(restarted.count) of \(Demonstration.units.count) units, "
                + "\(failed.count) failures"
        )
    }

    private static func names(_ overlaps: [(Outage, Outage)]) -> String {
        overlaps.isEmpty
            ? ""
            : " (" + overlaps.map { "\($0.0.unit) and \($0.1.unit)" }.joined(separator: ", ") + ")"
    }
}

extension Chronicle {
    /// From the moment a service stops answering to the moment it answers again.
    var outagesByServices: [Outage] {
        let now = BootClock.nanoseconds
        return self.services.values.flatMap {
            Outage.all(in: $0, down: "stopping", up: "healthy", now: now, time: \.time)
        }
    }

    /// The times during which an observer is certain that a service was down.
    var outagesByObservers: [Outage] {
        let now = BootClock.nanoseconds
        return self.observers.values.flatMap { notes in
            Outage.all(
                in: notes.filter { $0.event != "observed" },
                down: "down",
                up: "up",
                now: now
            ) { $0.certain ?? $0.time }
        }
    }
}
