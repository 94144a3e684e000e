// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

/// What was done and what was found.
struct LockChaosReport: Codable, Verdict {
    var etcd: String
    var seed: UInt64
    var seconds: Double
    var isSecure: Bool
    var broken: String?
    var contenders: Int
    /// How many processes there were, those in the place of killed ones included.
    var processes: Int
    /// How often each fault was injected.
    var memberFaults: [String: Int]
    var contenderFaults: [String: Int]
    var tally: LockTally
    /// Tickets that were in the queue.
    var tickets: Int
    /// How often holders wrote to the store.
    var storeWrites: Int
    /// The revision that the store came to.
    var revisions: Int64
    var believedAfterForce: Int
    var revokedByStaleLeader: Int
    /// How many violations of each kind.
    var kinds: [String: Int]
    var violations: [ChaosReport.Finding]
    /// Those that are not listed for want of room.
    var violationsLeftOut: Int

    var hasViolations: Bool { !self.violations.isEmpty }

    var hasDisagreement: Bool {
        self.kinds[Violation.Kind.membersDisagree.rawValue] != nil
    }

    var text: String {
        let tally = self.tally
        var lines = [
            "",
            "\(self.etcd), seed \(self.seed), \(Int(self.seconds)) s of faults"
                + (self.broken.map { ", contenders that are \($0)" } ?? ""),
        ]
        func add(_ name: String, _ text: String) {
            lines.append(name.padding(to: 15) + text)
        }
        add("members", ChaosReport.list(self.memberFaults))
        add("contenders", ChaosReport.list(self.contenderFaults))
        add("processes", "\(self.processes) in \(self.contenders) places")
        add(
            "acquisitions",
            "\(tally.acquisitions) of \(tally.attempts) attempts, \(self.tickets) tickets"
        )
        add("hand-overs", "\(tally.handOvers), after an unclean end \(tally.takeOvers)")
        add("given up", ChaosReport.list(tally.stoppedWaiting))
        add("losses", "\(tally.losses) while held")
        add("releases", ChaosReport.list(tally.releases))
        add(
            "judged",
            "\(tally.lines) lines, \(self.revisions) revisions, \(tally.beliefs) beliefs, "
                + "\(tally.uses) uses of the fenced resource (\(tally.refusals) refused), "
                + "\(self.storeWrites) writes to the store"
        )
        add(
            "excused",
            "\(self.believedAfterForce) beliefs after force, \(self.revokedByStaleLeader) "
                + "after a stale leader's revocation"
        )
        let count = self.kinds.values.reduce(0, +)
        add("violations", count == 0 ? "0" : "\(count): \(ChaosReport.list(self.kinds))")
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
}

/// How much of everything there was in a log.
struct LockTally: Codable, Sendable {
    var lines = 0
    var attempts = 0
    var acquisitions = 0
    /// Acquisitions of somebody else than the last time.
    var handOvers = 0
    /// Those of them whose predecessor did not give the lock up.
    var takeOvers = 0
    var losses = 0
    var beliefs = 0
    var uses = 0
    var refusals = 0
    var stoppedWaiting: [String: Int] = [:]
    var releases: [String: Int] = [:]
    private var last: ContenderID?
    private var isLastReleased = true

    private enum CodingKeys: CodingKey {
        case lines, attempts, acquisitions, handOvers, takeOvers, losses, beliefs, uses, refusals
        case stoppedWaiting, releases
    }

    mutating func add(_ event: LockEvent) {
        self.lines += 1
        switch event.kind {
        case .wants: self.attempts += 1
        case .stoppedWaiting(_, let end): self.stoppedWaiting[end.rawValue, default: 0] += 1
        case .entered:
            self.acquisitions += 1
            if event.who != self.last {
                self.handOvers += 1
                if !self.isLastReleased { self.takeOvers += 1 }
            }
            self.last = event.who
            self.isLastReleased = false
        case .believes: self.beliefs += 1
        case .used(_, let isAccepted):
            self.uses += 1
            if !isAccepted { self.refusals += 1 }
        case .leaves: if event.who == self.last { self.isLastReleased = true }
        case .released(_, let end): self.releases[end.rawValue, default: 0] += 1
        case .lost: self.losses += 1
        case .drained, .bye, .began, .ended, .killing, .stopping, .continuing, .revoking,
            .deleting, .leaderContinues:
            break
        }
    }
}
