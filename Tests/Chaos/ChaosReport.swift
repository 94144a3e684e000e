// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

/// What was done and what was found.
struct ChaosReport: Codable, Verdict {
    struct Finding: Codable, Sendable {
        var kind: String
        var evidence: String
    }

    var etcd: String
    var seed: UInt64
    var seconds: Double
    var isSecure: Bool
    var hasUsers: Bool
    /// How often each fault was injected.
    var faults: [String: Int]
    /// How each kind of operation ended, and how often.
    var operations: [String: [String: Int]]
    var ambiguousOutcomes: Int
    /// The revision that the store came to.
    var revisions: Int64
    var watches: Int
    var eventsWatched: Int
    var readsJudged: Int
    var registersJudged: Int
    var registersUndecided: Int
    var leases: [String: Int]
    var longestCall: String
    var longestCallSeconds: Double
    var violations: [Finding]
    /// Those that are not listed for want of room.
    var violationsLeftOut: Int

    var hasViolations: Bool { !self.violations.isEmpty }

    var hasDisagreement: Bool {
        self.violations.contains { $0.kind == Violation.Kind.membersDisagree.rawValue }
    }

    var text: String {
        var lines = ["", "\(self.etcd), seed \(self.seed), \(Int(self.seconds)) s of faults"]
        lines.append("faults         " + Self.list(self.faults))
        for (operation, outcomes) in self.operations.sorted(by: { $0.key < $1.key }) {
            let name = operation.padding(to: 15)
            lines.append(name + Self.list(outcomes))
        }
        lines.append("leases         " + Self.list(self.leases))
        lines.append("ambiguous      \(self.ambiguousOutcomes)")
        lines.append(
            "judged         \(self.revisions) revisions, \(self.watches) watches with "
                + "\(self.eventsWatched) events, \(self.readsJudged) reads, "
                + "\(self.registersJudged) registers (\(self.registersUndecided) undecided)"
        )
        let longest = (self.longestCallSeconds * 100).rounded() / 100
        lines.append("longest call   \(longest) s, \(self.longestCall)")
        lines.append("violations     \(self.violations.count + self.violationsLeftOut)")
        for violation in self.violations {
            lines.append("  \(violation.kind): \(violation.evidence)")
        }
        if self.violationsLeftOut > 0 { lines.append("  and \(self.violationsLeftOut) more") }
        if self.hasDisagreement {
            lines.append(
                "The members disagree among themselves; what else was found may follow from it."
            )
        }
        return lines.map { $0 + "\n" }.joined()
    }

    static func list(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

extension String {
    func padding(to width: Int) -> String {
        self + String(repeating: " ", count: max(1, width - self.count))
    }
}
