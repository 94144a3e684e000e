// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

/// What a lock that is wrong is found out by, one history for each way.
struct LockCheckerTests {
    private static let first = ContenderID(slot: 0, life: 1)
    private static let second = ContenderID(slot: 1, life: 1)

    private static func say(_ who: ContenderID, _ kinds: LockEvent.Kind...) -> [LockEvent] {
        kinds.map { LockEvent(who, $0) }
    }

    private static func note(_ kind: LockEvent.Kind) -> [LockEvent] { [LockEvent(nil, kind)] }

    /// A ticket of the first attempt of a contender, under a lease that is a hundred times its token.
    private static func ticket(_ who: ContenderID, _ token: Int64) -> LockStoreHistory.Ticket {
        .init(created: token, lease: token * 100, attempt: .init(who, 1))
    }

    /// Tickets 2 and 3 of the two, deleted at these revisions.
    private static func store(
        _ ends: (Int64?, Int64?),
        released: Set<Int64> = [],
        writes: [(token: Int64, revision: Int64)] = []
    ) -> LockStoreHistory {
        var store = LockStoreHistory()
        store.put("a", self.ticket(self.first, 2), isCreation: true)
        store.put("b", self.ticket(self.second, 3), isCreation: true)
        for (key, end) in [("a", ends.0), ("b", ends.1)].sorted(by: { $0.1 ?? 0 < $1.1 ?? 0 }) {
            guard let end else { continue }
            store.delete(key, at: end)
            if released.contains(end) { store.marked(at: end) }
        }
        for write in writes { store.wrote(write.token, at: write.revision) }
        return store
    }

    /// One acquires, uses and gives up.
    private static func hold(_ who: ContenderID, _ token: Int64) -> [LockEvent] {
        self.say(
            who,
            .entered(attempt: 1, token: token, lease: token * 100),
            .believes(token: token, since: 0),
            .used(token: token, isAccepted: true),
            .leaves(token: token),
            .released(token: token, .released)
        )
    }

    private static let beginning =
        say(first, .began, .wants(attempt: 1)) + say(second, .began, .wants(attempt: 1))
    private static let end = say(first, .bye, .ended) + say(second, .bye, .ended)
    private static let clean = store((4, 5), released: [4, 5])

    private func kinds(
        _ log: [LockEvent],
        _ store: LockStoreHistory,
        remaining: [Int64] = []
    ) -> [Violation.Kind] {
        LockChecker.check(log, store, remaining: remaining).violations.map(\.kind)
    }

    @Test
    func oneAfterTheOtherIsRight() {
        let log =
            Self.beginning + Self.hold(Self.first, 2) + Self.hold(Self.second, 3) + Self.end
        #expect(self.kinds(log, Self.clean) == [])
        let writes = Self.store((5, 7), released: [5, 7], writes: [(2, 4), (3, 6)])
        #expect(self.kinds(log, writes) == [])
    }

    @Test
    func whoEntersBeforeTheHolderLeavesIsSeen() {
        var log = Self.beginning
        log += Self.say(Self.first, .entered(attempt: 1, token: 2, lease: 200))
        log += Self.say(Self.second, .entered(attempt: 1, token: 3, lease: 300))
        log += Self.say(Self.first, .leaves(token: 2), .released(token: 2, .released))
        log += Self.say(Self.second, .leaves(token: 3), .released(token: 3, .released))
        #expect(self.kinds(log + Self.end, Self.clean) == [.twoHolders])
    }

    @Test
    func whoOvertakesIsSeen() {
        let log = Self.beginning + Self.hold(Self.second, 3) + Self.hold(Self.first, 2) + Self.end
        let store = Self.store((5, 4), released: [4, 5])
        #expect(Set(self.kinds(log, store)) == [.heldOutOfTurn, .twoHolders, .fenceBroken])
    }

    @Test
    func whatIsWrittenOutOfTurnIsSeen() {
        let log =
            Self.beginning + Self.hold(Self.first, 2) + Self.hold(Self.second, 3) + Self.end
        // Before its turn, after its end, and in the wrong order.
        let early = Self.store((5, 7), released: [5, 7], writes: [(3, 4)])
        #expect(self.kinds(log, early) == [.heldOutOfTurn])
        let late = Self.store((4, 7), released: [4, 7], writes: [(2, 5)])
        #expect(self.kinds(log, late) == [.heldOutOfTurn])
        let behind = Self.store((4, 7), released: [4, 7], writes: [(3, 5), (2, 6)])
        #expect(Set(self.kinds(log, behind)) == [.fenceBroken, .heldOutOfTurn])
        let stranger = Self.store((4, 7), released: [4, 7], writes: [(1, 5)])
        #expect(self.kinds(log, stranger) == [.tokenWrong])
    }

    /// The first is stopped, its lease runs out, the second enters, and the first goes on.
    private func stopped(_ rest: [LockEvent], note: LockEvent.Kind? = nil) -> [LockEvent] {
        Self.beginning
            + Self.say(Self.first, .entered(attempt: 1, token: 2, lease: 200), .stopping)
            + (note.map { Self.note($0) } ?? [])
            + Self.say(Self.second, .entered(attempt: 1, token: 3, lease: 300))
            + Self.say(Self.second, .used(token: 3, isAccepted: true))
            + Self.say(Self.first, .continuing) + rest
            + Self.say(Self.second, .leaves(token: 3), .released(token: 3, .released)) + Self.end
    }

    private static let expired = store((4, 5), released: [5])

    @Test
    func aStoppedHolderThatIsRefusedAndToldIsRight() {
        let log = self.stopped(
            Self.say(
                Self.first,
                // It had asked before it was stopped.
                .believes(token: 2, since: 4),
                .used(token: 2, isAccepted: false),
                .lost(token: 2)
            )
        )
        #expect(self.kinds(log, Self.expired) == [])
        #expect(LockChecker.check(log, Self.expired).refusals == 1)
    }

    @Test
    func aStoppedHolderThatBelievesWhenItGoesOnIsSeen() {
        let log = self.stopped(
            Self.say(Self.first, .believes(token: 2, since: 8), .lost(token: 2))
        )
        #expect(self.kinds(log, Self.expired) == [.twoHolders])
    }

    @Test
    func aHolderBehindTheFenceIsSeen() {
        let log = self.stopped(
            Self.say(Self.first, .used(token: 2, isAccepted: true), .lost(token: 2))
        )
        #expect(self.kinds(log, Self.expired) == [.fenceBroken])
    }

    @Test
    func whatWasTakenByForceMayBeBelievedForAWhile() {
        let rest = Self.say(Self.first, .believes(token: 2, since: 9), .lost(token: 2))
        for force in [LockEvent.Kind.revoking(lease: 200), .deleting(ticket: 2)] {
            let findings = LockChecker.check(self.stopped(rest, note: force), Self.expired)
            #expect(findings.violations == [])
            #expect(findings.believedAfterForce == 1)
        }
        // Somebody else's.
        let others = self.stopped(rest, note: .revoking(lease: 300))
        #expect(self.kinds(others, Self.expired) == [.twoHolders])
        // The second had its end before it was gone.
        let early = self.stopped(rest, note: .revoking(lease: 200))
        #expect(self.kinds(early, Self.store((6, 5), released: [5])) == [.heldOutOfTurn])
    }

    @Test
    func aLeaderThatGoesOnMayRevokeTooEarly() {
        let rest = Self.say(Self.first, .believes(token: 2, since: 9), .lost(token: 2))
        let log = self.stopped(rest, note: .leaderContinues)
        let findings = LockChecker.check(log, Self.expired)
        #expect(findings.violations == [])
        #expect(findings.revokedByStaleLeader == 1)
        // But nobody gave it up then.
        let given = Self.store((4, 5), released: [4, 5])
        #expect(self.kinds(log, given).contains(.twoHolders))
    }

    @Test
    func wrongTokensAreSeen() {
        let log =
            Self.beginning
            + Self.say(
                Self.first,
                .entered(attempt: 1, token: 2, lease: 200),
                .leaves(token: 2),
                .released(token: 2, .unconfirmed),
                .wants(attempt: 2),
                .entered(attempt: 2, token: 2, lease: 200),
                .leaves(token: 2),
                .released(token: 2, .unconfirmed)
            ) + Self.hold(Self.second, 3) + Self.end
        #expect(self.kinds(log, Self.clean) == [.tokenRepeated, .tokenWrong])
        let invented =
            Self.beginning + Self.hold(Self.first, 7)
            + Self.say(Self.second, .stoppedWaiting(attempt: 1, .timedOut)) + Self.end
        #expect(self.kinds(invented, Self.store((nil, nil))) == [.tokenWrong])
    }

    @Test
    func untrueReleasesAreSeen() {
        func log(_ end: LockEvent.ReleaseEnd) -> [LockEvent] {
            Self.beginning
                + Self.say(
                    Self.first,
                    .entered(attempt: 1, token: 2, lease: 200),
                    .leaves(token: 2),
                    .released(token: 2, end)
                ) + Self.hold(Self.second, 3) + Self.end
        }
        #expect(self.kinds(log(.released), Self.expired) == [.releaseWrong])
        #expect(self.kinds(log(.alreadyGone), Self.expired) == [])
        #expect(self.kinds(log(.alreadyGone), Self.clean) == [.releaseWrong])
        #expect(self.kinds(log(.unconfirmed), Self.clean) == [])
        // Lost by the clock of its holder, and released while it stood.
        let entered = Self.say(Self.first, .entered(attempt: 1, token: 2, lease: 200))
        let lost = Self.say(Self.first, .lost(token: 2))
        let second = Self.hold(Self.second, 3)
        let late = Self.beginning + entered + lost + second + Self.end
        #expect(self.kinds(late, Self.clean) == [])
        // Given up behind the back of its holder.
        let early = Self.beginning + entered + second + lost + Self.end
        #expect(self.kinds(early, Self.clean) == [.twoHolders])
        // And this one has not even heard of it.
        let silent = Self.beginning + entered + second + Self.end
        #expect(self.kinds(silent, Self.clean).contains(.releaseWrong))
    }

    @Test
    func whoWaitsOrHoldsForEverIsSeen() {
        let waiting = Self.beginning + Self.hold(Self.first, 2) + Self.say(Self.first, .bye, .ended)
        #expect(self.kinds(waiting, Self.store((4, nil), released: [4])) == [.waiterHangs])
        let holding =
            Self.beginning + Self.say(Self.first, .entered(attempt: 1, token: 2, lease: 200))
            + Self.say(Self.second, .stoppedWaiting(attempt: 1, .timedOut)) + Self.end
        #expect(self.kinds(holding, Self.store((nil, 4))) == [.holderHangs])
        // Nothing is expected of who is killed.
        let killed =
            Self.beginning + Self.say(Self.first, .killing, .ended) + Self.hold(Self.second, 3)
            + Self.say(Self.second, .bye, .ended)
        #expect(self.kinds(killed, Self.expired) == [])
    }

    @Test
    func whatIsLeftAndWhoDiesIsSeen() {
        let log = Self.beginning + Self.hold(Self.first, 2) + Self.hold(Self.second, 3)
        #expect(self.kinds(log + Self.end, Self.clean, remaining: [9]) == [.ticketLeft])
        let died = log + Self.say(Self.first, .ended) + Self.say(Self.second, .bye, .ended)
        #expect(self.kinds(died, Self.clean) == [.processFailed])
        let stays = log + Self.say(Self.second, .bye, .ended)
        #expect(self.kinds(stays, Self.clean) == [.holderHangs])
    }

    @Test(arguments: [
        "wants 3", "stopped-waiting 3 timedOut", "entered 3 12 99", "believes 12 7", "used 12",
        "leaves 12", "released 12 alreadyGone", "lost 12", "drained", "bye",
    ])
    func whatContendersSayIsReadAsItWasWritten(_ line: String) throws {
        #expect(try #require(LockEvent.Kind(line: line)).line == line)
    }

    @Test(arguments: ["", "wants", "wants x", "released 12 perhaps", "killing", "lost 12 13"])
    func whatNobodySaysIsNotRead(_ line: String) {
        #expect(LockEvent.Kind(line: line) == nil)
    }

    @Test
    func namesAreReadAsTheyWereWritten() throws {
        let attempt = LockAttempt(.init(slot: 7, life: 2), 31)
        #expect(attempt.description == "7.2#31")
        #expect(LockAttempt("7.2#31") == attempt)
        #expect(LockAttempt("7#31") == nil)
    }
}
