// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

struct StoreTimelineTests {
    private func timeline(_ changes: [StoreChange]) -> StoreTimeline {
        var timeline = StoreTimeline()
        #expect(timeline.add(changes, by: "test") == [])
        timeline.seal()
        return timeline
    }

    private func kinds(_ changes: [StoreChange]) -> [Violation.Kind] {
        let timeline = self.timeline(changes)
        return timeline.check(from: 2, through: timeline.lastRevision).map(\.kind)
    }

    @Test
    func aHistoryWithoutHolesPasses() {
        let kinds = self.kinds([
            .put(4, "a", "2", created: 2, version: 2), .create(3, "b", "1"), .create(2, "a", "1"),
            .delete(5, "a"), .create(6, "a", "3"),
        ])
        #expect(kinds == [])
    }

    @Test
    func aHoleIsSeen() {
        #expect(self.kinds([.create(2, "a", "1"), .create(4, "b", "1")]) == [.revisionMissing])
    }

    @Test
    func countersThatDoNotGoOnAreSeen() {
        let first = StoreChange.create(2, "a", "1")
        #expect(self.kinds([first, .put(3, "a", "2", created: 2, version: 3)]) == [.countersWrong])
        // A put that is shown as a creation, and the other way round.
        #expect(self.kinds([first, .create(3, "a", "2")]) == [.countersWrong])
        #expect(self.kinds([.put(2, "a", "1", created: 1, version: 2)]) == [.countersWrong])
        #expect(self.kinds([.delete(2, "a")]) == [.countersWrong])
        let misplaced = StoreChange(3, "b", .init("1", created: 3, modified: 4, version: 1))
        #expect(self.kinds([first, misplaced]) == [.countersWrong])
    }

    @Test
    func twoWhoSawDifferentThingsAreSeen() {
        var timeline = self.timeline([.create(2, "a", "1")])
        #expect(timeline.add([.create(2, "a", "1"), .create(2, "b", "1")], by: "other") == [])
        let violations = timeline.add([.create(2, "a", "2"), .delete(2, "b")], by: "other")
        #expect(violations.map(\.kind) == [.contradiction, .contradiction])
    }

    @Test
    func aKeyIsWhatItWasAtARevision() {
        let timeline = self.timeline([
            .create(2, "a", "1"), .put(4, "a", "2", created: 2, version: 2), .delete(6, "a"),
        ])
        let values = (1...7).map { timeline.record(of: "a", at: $0)?.value }
        #expect(values == [nil, "1", "1", "2", "2", nil, nil])
        #expect(timeline.record(of: "b", at: 7) == nil)
    }

    @Test
    func wrongAndOldReadsAreSeen() {
        let timeline = self.timeline([
            .create(2, "a", "1"), .create(3, "b", "1"), .put(4, "a", "2", created: 2, version: 2),
        ])
        func kinds(
            _ found: [String: StoreRecord],
            _ revision: Int64,
            _ floor: Int64
        )
            -> [Violation.Kind]
        {
            let read = ObservedRead(
                "read",
                prefix: "",
                found: found,
                revision: revision,
                floor: floor
            )
            return timeline.check(read).map(\.kind)
        }
        let atThree = timeline.records(prefix: "", at: 3)
        #expect(kinds(atThree, 3, 3) == [])
        #expect(kinds(atThree, 3, 4) == [.readStale])
        #expect(kinds(atThree, 4, 4) == [.readWrong])
        #expect(kinds([:], 4, 4) == [.readWrong])
        #expect(kinds(["a": .init("1", created: 2, modified: 2, version: 1)], 3, 3) == [.readWrong])
    }
}
