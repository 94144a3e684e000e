// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Judges what contenders of a lock said, by the log's order and the store's.
///
/// No clock is asked. What is certain about two of them comes from causes: a contender writes the line
/// that it leaves before it asks for its ticket to be deleted, so whoever enters because of that
/// deletion enters behind that line; and an answer that is asked for after a line was acknowledged is
/// younger than that line.
///
/// - A ticket has the lock from the revision at which the last earlier one was deleted until it is
///   deleted itself. Who enters must have had such a time, and what a holder writes to the store must
///   lie in it.
/// - Nobody enters before a holder that gives the lock up has said that it leaves.
/// - Nobody is told that it holds a lock that somebody later in the queue has entered. A stopped process
///   may think so as long as it is stopped; when it goes on and asks it must be told the truth. The
///   exception is a lease or a ticket that was taken away by force: of that it learns when it can.
/// - The fenced resource takes nothing out of the order of tokens.
/// - What a release is said to have done is what happened to the ticket.
/// - Every wait and every hold ends, and no ticket is left.
package struct LockChecker {
    private struct Hold {
        var attempt: Int
        var token: Int64
    }

    private struct Contender {
        var waiting: Int?
        var hold: Hold?
        /// Where the attempt before the present one began: what was done to its lease may be older
        /// than its present ticket.
        var windowStart = 0
        var lastWants = 0
        var isKilled = false
        var saysGoodbye = false
        var hasEnded = false
    }

    private let log: [LockEvent]
    private let store: LockStoreHistory
    private let turns: [Int64]

    private var contenders: [ContenderID: Contender] = [:]
    /// Where the highest token that somebody entered with grew, and to what.
    private var highest: [(line: Int, token: Int64, who: ContenderID)] = []
    private var entered: Set<Int64> = []
    private var left: Set<Int64> = []
    private var accepted: Int64 = 0
    private var revokedLeases: Set<Int64> = []
    private var deletedTickets: Set<Int64> = []
    private var leaderContinued: [Int] = []
    private var findings = Findings()

    /// What was found, and what was excused.
    package struct Findings: Sendable {
        package var violations: [Violation] = []
        /// How often a holder was told too late because the servers revoked its lease too early.
        package var revokedByStaleLeader = 0
        /// How often one believed to hold what had been taken away by force.
        package var believedAfterForce = 0
        /// How often the fenced resource refused somebody who came too late.
        package var refusals = 0
    }

    private init(_ log: [LockEvent], _ store: LockStoreHistory) {
        self.log = log
        self.store = store
        self.turns = store.turns()
    }

    /// Judges a whole run.
    ///
    /// - Parameters:
    ///   - log: What was said, in order; the index is the number that was acknowledged.
    ///   - store: What happened in the store.
    ///   - remaining: The create revisions of the tickets that are there in the end.
    /// - Returns: What was found.
    package static func check(
        _ log: [LockEvent],
        _ store: LockStoreHistory,
        remaining: [Int64] = []
    ) -> Findings {
        var checker = LockChecker(log, store)
        checker.checkStore()
        for (line, event) in log.enumerated() { checker.check(event, line) }
        checker.checkReleases()
        checker.checkTheEnd(remaining)
        return checker.findings
    }

    private mutating func report(_ kind: Violation.Kind, _ evidence: String) {
        self.findings.violations.append(.init(kind, evidence))
    }

    // MARK: The store

    private mutating func checkStore() {
        var last = LockStoreHistory.Write(revision: 0, token: 0)
        for write in self.store.writes {
            if write.token < last.token {
                self.report(
                    .fenceBroken,
                    "token \(write.token) was written at \(write.revision), after token "
                        + "\(last.token) at \(last.revision)"
                )
            }
            if write.token > last.token { last = write }
            guard let index = self.store.index(of: write.token) else {
                self.report(.tokenWrong, "\(write.token) was written, and is no ticket")
                continue
            }
            let ticket = self.store.tickets[index]
            if self.turns[index] >= write.revision {
                self.report(
                    .heldOutOfTurn,
                    "\(ticket.description) was used at \(write.revision), its turn came "
                        + Self.moment(self.turns[index])
                )
            } else if let deleted = ticket.deleted, deleted <= write.revision {
                self.report(
                    .heldOutOfTurn,
                    "\(ticket.description) was used at \(write.revision), gone at \(deleted)"
                )
            }
        }
    }

    private static func moment(_ revision: Int64) -> String {
        revision == .max ? "never" : "at \(revision)"
    }

    // MARK: The log

    private mutating func check(_ event: LockEvent, _ line: Int) {
        if case .revoking(let lease) = event.kind { self.revokedLeases.insert(lease) }
        if case .deleting(let ticket) = event.kind { self.deletedTickets.insert(ticket) }
        if case .leaderContinues = event.kind { self.leaderContinued.append(line) }
        guard let who = event.who else { return }
        var contender = self.contenders[who] ?? Contender()
        switch event.kind {
        case .wants(let attempt):
            if contender.waiting != nil || contender.hold != nil {
                self.report(.logWrong, "\(who) wants it while it waits or holds, line \(line)")
            }
            contender.waiting = attempt
            contender.windowStart = contender.lastWants
            contender.lastWants = line
        case .stoppedWaiting:
            contender.waiting = nil
        case .entered(let attempt, let token, let lease):
            self.checkEntry(.init(who, attempt), token, lease, line)
            if contender.waiting != attempt {
                self.report(.logWrong, "\(who) enters without having waited, line \(line)")
            }
            contender.waiting = nil
            contender.hold = Hold(attempt: attempt, token: token)
            if token > self.highest.last?.token ?? 0 { self.highest.append((line, token, who)) }
        case .believes(let token, let since):
            self.checkBelief(who, token, since: min(since, line), line, contender)
        case .used(let token, let isAccepted):
            self.checkUse(who, token, isAccepted, line)
        case .leaves(let token):
            self.checkLeaving(who, token, line)
        case .released(let token, let end):
            contender.hold = nil
            self.checkRelease(who, token, end)
        case .lost(let token):
            contender.hold = nil
            // A lease that is lost by its owner's clock may still stand in the store, and be released.
            self.checkLeaving(who, token, line)
        case .bye: contender.saysGoodbye = true
        case .killing: contender.isKilled = true
        case .ended:
            contender.hasEnded = true
            if !contender.isKilled, !contender.saysGoodbye {
                self.report(.processFailed, "\(who) ended, and nobody had asked for it")
            }
        case .drained, .began, .stopping, .continuing, .revoking, .deleting, .leaderContinues:
            break
        }
        self.contenders[who] = contender
    }

    private mutating func checkEntry(
        _ attempt: LockAttempt,
        _ token: Int64,
        _ lease: Int64,
        _ line: Int
    ) {
        if !self.entered.insert(token).inserted {
            self.report(.tokenRepeated, "\(attempt) enters with token \(token), used before")
        }
        guard let index = self.store.index(of: token) else {
            self.report(.tokenWrong, "\(attempt) enters with \(token), which is no ticket")
            return
        }
        let ticket = self.store.tickets[index]
        if ticket.attempt != attempt || ticket.lease != lease {
            self.report(
                .tokenWrong,
                "\(attempt) enters under lease \(lease) with \(ticket.description), lease "
                    + "\(ticket.lease)"
            )
        }
        if self.turns[index] >= ticket.deleted ?? .max {
            self.report(
                .heldOutOfTurn,
                "\(attempt) enters with \(ticket.description), gone "
                    + "\(Self.moment(ticket.deleted ?? .max)), whose turn came "
                    + "\(Self.moment(self.turns[index])), line \(line)"
            )
        }
    }

    /// Whoever entered with the highest token before a line.
    private func highest(before line: Int) -> (line: Int, token: Int64, who: ContenderID)? {
        var range = 0..<self.highest.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            range =
                self.highest[middle].line < line
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return range.lowerBound > 0 ? self.highest[range.lowerBound - 1] : nil
    }

    private mutating func checkBelief(
        _ who: ContenderID,
        _ token: Int64,
        since: Int,
        _ line: Int,
        _ contender: Contender
    ) {
        guard let later = self.highest(before: since + 1), later.token > token else { return }
        let ticket = self.store.ticket(token)
        let isForced =
            self.deletedTickets.contains(token)
            || ticket.map { self.revokedLeases.contains($0.lease) } ?? false
        // What a leader that went on revoked in the last moments.
        let isStale = self.leaderContinued.contains { contender.windowStart <= $0 && $0 <= since }
        // Whoever entered did so when the ticket was gone, and it had not been given up.
        let isInTurn =
            ticket.map { ticket in
                !ticket.isReleased && self.turn(of: later.token) >= ticket.deleted ?? .max
            } ?? false
        if isInTurn, isForced {
            self.findings.believedAfterForce += 1
        } else if isInTurn, isStale {
            self.findings.revokedByStaleLeader += 1
        } else {
            self.report(
                .twoHolders,
                "\(who) is told after line \(since) that it holds \(token), gone "
                    + "\(Self.moment(ticket?.deleted ?? .max)), line \(line); \(later.who) entered "
                    + "with \(later.token) in line \(later.line)"
            )
        }
    }

    /// When a ticket became the first; `Int64.max` if never, 0 if there is no such ticket.
    private func turn(of token: Int64) -> Int64 {
        self.store.index(of: token).map { self.turns[$0] } ?? 0
    }

    private mutating func checkUse(
        _ who: ContenderID,
        _ token: Int64,
        _ isAccepted: Bool,
        _ line: Int
    ) {
        guard isAccepted else {
            self.findings.refusals += 1
            return
        }
        if token < self.accepted {
            self.report(
                .fenceBroken,
                "the resource took \(token) of \(who) after \(self.accepted), line \(line)"
            )
        }
        self.accepted = max(self.accepted, token)
    }

    /// The ticket was there until after this line if its deletion is the release that follows.
    private mutating func checkLeaving(_ who: ContenderID, _ token: Int64, _ line: Int) {
        self.left.insert(token)
        guard let later = self.highest.last, later.token > token,
            self.store.ticket(token)?.isReleased ?? false
        else { return }
        self.report(
            .twoHolders,
            "\(later.who) entered with \(later.token) in line \(later.line), before \(who) gave up "
                + "\(token) behind line \(line)"
        )
    }

    private mutating func checkRelease(
        _ who: ContenderID,
        _ token: Int64,
        _ end: LockEvent.ReleaseEnd
    ) {
        guard let ticket = self.store.ticket(token) else { return }
        let isTrue =
            switch end {
            case .released: ticket.isReleased
            case .alreadyGone, .notMine: ticket.deleted != nil && !ticket.isReleased
            case .unconfirmed: true
            }
        if !isTrue {
            self.report(
                .releaseWrong,
                "\(who) is told \(end.rawValue) of \(token), gone "
                    + "\(Self.moment(ticket.deleted ?? .max)), released: \(ticket.isReleased)"
            )
        }
    }

    /// Nothing gives a lock up before its holder has said that it leaves, or that it has lost it.
    private mutating func checkReleases() {
        for ticket in self.store.tickets where ticket.isReleased {
            guard !self.left.contains(ticket.created) else { continue }
            self.report(.releaseWrong, "\(ticket.description) was given up before its holder left")
        }
    }

    // MARK: The end

    private mutating func checkTheEnd(_ remaining: [Int64]) {
        let contenders = self.contenders.sorted { $0.key.description < $1.key.description }
        for (who, contender) in contenders where !contender.isKilled {
            if let attempt = contender.waiting {
                self.report(.waiterHangs, "\(who) waits for ever, attempt \(attempt)")
            }
            if let hold = contender.hold {
                self.report(.holderHangs, "\(who) does not get rid of \(hold.token)")
            }
            if contender.waiting == nil, contender.hold == nil, !contender.hasEnded {
                self.report(.holderHangs, "\(who) does not end")
            }
        }
        for created in remaining {
            let ticket = self.store.ticket(created)
            self.report(.ticketLeft, ticket?.description ?? "ticket \(created) of a stranger")
        }
    }
}
