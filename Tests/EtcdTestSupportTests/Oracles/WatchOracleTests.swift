// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

/// Good watches pass, and each thing a watch may do wrong is seen.
struct WatchOracleTests {
    /// a is put at 2, 4 and 6 and deleted at 5; b and c are put together at 3.
    private static let history: [StoreChange] = [
        .create(2, "k/a", "1"),
        .create(3, "k/b", "1"),
        .create(3, "k/c", "1"),
        .put(4, "k/a", "2", created: 2, version: 2),
        .delete(5, "k/a"),
        .create(6, "k/a", "3"),
    ]

    private static let timeline: StoreTimeline = {
        var timeline = StoreTimeline()
        _ = timeline.add(history, by: "test")
        timeline.seal()
        return timeline
    }()

    /// The batches of a watch that does everything right.
    private static var batches: [[WatchedChange]] {
        let changes = Self.history.map { change in
            let before = Self.timeline.record(of: change.key, at: change.revision - 1)
            return WatchedChange(change, previous: before)
        }
        return [Array(changes[0..<3]), [changes[3]], Array(changes[4...])]
    }

    /// What is found in batches; -n stands for progress of n.
    private func kinds(
        _ batches: [[WatchedChange]],
        start: Int64 = 2,
        prefix: String = "k/",
        progress: [Int: Int64] = [:],
        compacted: Int64 = 0
    ) -> [Violation.Kind] {
        var watch = WatchOracle("w", prefix: prefix, start: start, hasPrevious: true)
        var violations: [Violation] = []
        for (index, batch) in batches.enumerated() {
            violations += watch.received(batch, header: batch.last?.change.revision ?? 0)
            if let revision = progress[index] { watch.receivedProgress(revision) }
        }
        violations += Self.timeline.check(watch, compacted: compacted)
        return violations.map(\.kind)
    }

    @Test
    func aTrueWatchPasses() {
        #expect(self.kinds(Self.batches) == [])
        #expect(self.kinds(Self.batches, progress: [0: 3, 1: 4, 2: 9]) == [])
        #expect(self.kinds(Array(Self.batches[1...]), start: 4) == [])
        #expect(self.kinds([], start: 7) == [])
        #expect(self.kinds([Array(Self.batches[0][1...1])], start: 3, prefix: "k/b") == [])
    }

    @Test
    func aMissingRevisionIsSeen() {
        #expect(self.kinds([Self.batches[0], Self.batches[2]]) == [.watchMissesChange])
    }

    @Test
    func aMissingFirstRevisionIsSeen() {
        #expect(self.kinds([Self.batches[1], Self.batches[2]], start: 3).count == 2)
    }

    @Test
    func aMissingPartOfARevisionIsSeen() {
        let batches = [Array(Self.batches[0][..<2])] + Self.batches[1...]
        #expect(self.kinds(batches) == [.watchMissesChange])
    }

    @Test
    func progressPastWhatIsMissingIsSeen() {
        #expect(self.kinds([Self.batches[0]], progress: [0: 4]) == [.watchMissesChange])
    }

    @Test
    func anEventThatProgressCountedAsDeliveredIsSeen() {
        #expect(self.kinds(Self.batches, progress: [0: 4]) == [.bookmarkUntrue])
    }

    @Test
    func aRevisionInTwoBatchesIsSeen() {
        let first = Self.batches[0]
        let batches = [Array(first[..<2]), Array(first[2...])] + Self.batches[1...]
        #expect(self.kinds(batches) == [.watchSplitsRevision])
    }

    @Test
    func aRepeatedRevisionIsSeen() {
        let batches = [Self.batches[0], Self.batches[1], Self.batches[0], Self.batches[2]]
        #expect(self.kinds(batches) == [.watchRepeats, .watchRepeats, .watchRepeats])
    }

    @Test
    func aKeyTwiceInARevisionIsSeen() {
        let batches = [Self.batches[0] + [Self.batches[0][2]]] + Self.batches[1...]
        #expect(self.kinds(batches) == [.watchRepeats])
    }

    @Test
    func revisionsOutOfOrderAreSeen() {
        let batches = [Self.batches[0], Self.batches[2], Self.batches[1]]
        #expect(self.kinds(batches) == [.watchOutOfOrder])
    }

    @Test
    func whatLiesBeforeTheStartIsSeen() {
        #expect(self.kinds([Self.batches[1], Self.batches[2]], start: 5) == [.watchBeforeStart])
    }

    @Test
    func aWatchFromNowOnMayBeginEarlierThanItHasTo() {
        for (earliest, kinds) in [(4, []), (5, [Violation.Kind.watchBeforeStart])] {
            var watch = WatchOracle("w", prefix: "k/", start: 6, earliest: Int64(earliest))
            var violations = watch.received(Self.batches[1], header: 6)
            violations += watch.received(Self.batches[2], header: 6)
            violations += Self.timeline.check(watch)
            #expect(violations.map(\.kind) == kinds)
        }
    }

    @Test
    func aKeyThatWasNotAskedForIsSeen() {
        let kinds = self.kinds(Self.batches, prefix: "k/a")
        #expect(kinds == [.watchOutsideRange, .watchOutsideRange])
    }

    @Test
    func inventedAndAlteredEventsAreSeen() {
        let invented = WatchedChange(.create(7, "k/z", "1"))
        #expect(self.kinds(Self.batches + [[invented]]) == [.watchInventsChange])
        var batches = Self.batches
        batches[1][0].change.record?.value = "other"
        #expect(self.kinds(batches) == [.watchInventsChange])
    }

    @Test
    func aDeletionThatIsShownAsAPutIsSeen() {
        var batches = Self.batches
        batches[2][0].change.record = .init("2", created: 2, modified: 4, version: 2)
        #expect(self.kinds(batches) == [.watchInventsChange])
    }

    @Test
    func wrongAndMissingPreviousValuesAreSeen() {
        var batches = Self.batches
        batches[1][0].previous?.value = "other"
        #expect(self.kinds(batches) == [.previousWrong])
        batches[1][0].previous = nil
        #expect(self.kinds(batches) == [.previousWrong])
        // Before a compaction it cannot be told any more.
        #expect(self.kinds(batches, compacted: 4) == [])
        batches = Self.batches
        batches[2][1].previous = .init("2", created: 2, modified: 4, version: 2)
        #expect(self.kinds(batches, compacted: 9) == [.previousWrong])
    }

    @Test
    func anEventAboveItsHeaderIsSeen() {
        var watch = WatchOracle("w", prefix: "", start: 2)
        let violations = watch.received([.init(.create(2, "a", "1"))], header: 1)
        #expect(violations.map(\.kind) == [.contradiction])
    }

    @Test
    func aWatchThatContinuesAnotherIsJudgedAsOne() {
        var watch = WatchOracle("w", prefix: "k/", start: 2, hasPrevious: true)
        #expect(watch.received(Self.batches[0], header: 9) == [])
        let first = watch.takeDelivered()
        #expect(first.through == 3)
        #expect(Self.timeline.check(first) == [])
        #expect(watch.received(Self.batches[2], header: 9) == [])
        #expect(Self.timeline.check(watch).map(\.kind) == [.watchMissesChange])
    }
}
