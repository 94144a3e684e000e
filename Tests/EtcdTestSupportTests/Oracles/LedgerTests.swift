// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

/// What a client that writes twice, loses writes or tells lies is found out by.
struct LedgerTests {
    private func timeline(_ changes: [StoreChange]) -> StoreTimeline {
        var timeline = StoreTimeline()
        _ = timeline.add(changes, by: "test")
        timeline.seal()
        return timeline
    }

    private func kinds(
        _ outcome: WriteLedger.Outcome,
        keys: Set<String> = ["a"],
        _ changes: [StoreChange]
    ) -> [Violation.Kind] {
        var ledger = WriteLedger()
        ledger.begin("1", keys: keys)
        ledger.end("1", outcome)
        return ledger.check(self.timeline(changes)).map(\.kind)
    }

    @Test
    func trueWritesPass() {
        let once = [StoreChange.create(2, "a", "1")]
        #expect(self.kinds(.acknowledged(revision: 2), once) == [])
        #expect(self.kinds(.ambiguous, once) == [])
        #expect(self.kinds(.ambiguous, []) == [])
        #expect(self.kinds(.refused, []) == [])
    }

    @Test
    func aWriteThatHappenedTwiceIsSeen() {
        let twice = [
            StoreChange.create(2, "a", "1"), .put(3, "a", "1", created: 2, version: 2),
        ]
        #expect(self.kinds(.acknowledged(revision: 2), twice) == [.writeTwice])
        #expect(self.kinds(.ambiguous, twice) == [.writeTwice])
        #expect(self.kinds(.refused, twice) == [.writeTwice])
    }

    @Test
    func lostRefusedAndMisplacedWritesAreSeen() {
        let once = [StoreChange.create(2, "a", "1")]
        #expect(self.kinds(.acknowledged(revision: 2), []) == [.writeLost])
        #expect(self.kinds(.acknowledged(revision: 3), once) == [.revisionWrong])
        #expect(self.kinds(.refused, once) == [.writeDespiteRefusal])
    }

    @Test
    func aTransactionInPiecesIsSeen() {
        let both = [StoreChange.create(2, "a", "1"), .create(2, "b", "1")]
        #expect(self.kinds(.acknowledged(revision: 2), keys: ["a", "b"], both) == [])
        #expect(
            self.kinds(.acknowledged(revision: 2), keys: ["a", "b"], [both[0]]) == [.writeTorn]
        )
        #expect(self.kinds(.ambiguous, keys: ["a"], both) == [.writeTorn])
    }

    @Test
    func aValueThatNobodyWroteIsSeen() {
        let ledger = WriteLedger()
        let violations = ledger.check(self.timeline([.create(2, "a", "1")]))
        #expect(violations.map(\.kind) == [.writeInvented])
    }

    @Test
    func countsHaveToLieBetweenWhatIsKnownAndWhatIsPossible() {
        var ledger = CountLedger()
        ledger.acknowledged("a")
        ledger.acknowledged("a")
        ledger.ambiguous("a")
        let kinds = (1...4).map { ledger.check("a", applied: $0).map(\.kind) }
        #expect(kinds == [[.writeLost], [], [], [.writeTwice]])
        #expect(ledger.check("b", applied: 0) == [])
        #expect(ledger.check("b", applied: 1).map(\.kind) == [.writeTwice])
    }

    @Test
    func anAppendRegisterHoldsWhatWasAcknowledgedOnceAndNothingUnknown() {
        var ledger = AppendLedger()
        ledger.acknowledged("1")
        ledger.ambiguous("2")
        ledger.acknowledged("3")
        func kinds(_ list: [String], isOrdered: Bool = true) -> [Violation.Kind] {
            ledger.check(list, isOrdered: isOrdered).map(\.kind)
        }
        #expect(kinds(["1", "3"]) == [])
        #expect(kinds(["1", "2", "3"]) == [])
        // What is unknown may come late.
        #expect(kinds(["1", "3", "2"]) == [])
        #expect(kinds(["1", "2", "2", "3"]) == [.writeTwice])
        #expect(kinds(["1", "2"]) == [.writeLost])
        #expect(kinds(["1", "3", "4"]) == [.writeDespiteRefusal])
        #expect(kinds(["3", "1"]) == [.revisionWrong])
        #expect(kinds(["3", "1"], isOrdered: false) == [])
    }

    @Test
    func aLeaseThatEndsWhileItsHolderReliesOnItIsSeen() {
        var oracle = LeaseOracle()
        oracle.claimed("a", until: 100)
        oracle.claimed("a", until: 90)
        #expect(oracle.check("a", deletionSeen: 100) == [])
        #expect(oracle.check("a", deletionSeen: 95).map(\.kind) == [.leaseEndedEarly])
        #expect(oracle.check("b", deletionSeen: 5) == [])
        oracle.closing("a", at: 50)
        #expect(oracle.check("a", deletionSeen: 49).map(\.kind) == [.leaseEndedEarly])
        #expect(oracle.check("a", deletionSeen: 50) == [])
    }
}
