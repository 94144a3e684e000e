// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

struct FaultScriptTests {
    private func steps(_ seed: UInt64, _ count: Int = 60) -> [FaultScript.Step] {
        var script = FaultScript(seed: seed, faults: Fault.allCases)
        return (0..<count).map { _ in script.next() }
    }

    @Test
    func theSameSeedMakesTheSameScript() {
        #expect(self.steps(7) == self.steps(7))
        #expect(self.steps(7) != self.steps(8))
    }

    @Test
    func everyFaultComesOnceBeforeAnyComesAgain() {
        let count = Fault.allCases.count
        let steps = self.steps(1, 2 * count)
        #expect(Set(steps[..<count].map(\.fault)).count == count)
        #expect(Set(steps[count...].map(\.fault)).count == count)
    }

    @Test
    func everyMemberIsHitAndNothingLastsLong() {
        let steps = self.steps(2)
        #expect(Set(steps.map(\.member)) == [0, 1, 2])
        #expect(steps.allSatisfy { $0.duration <= .seconds(6) && $0.rest <= .seconds(3) })
    }

    @Test
    func theJournalTellsWhatWasGoingOn() {
        let start = ContinuousClock.now
        let steps = self.steps(3, 2)
        var journal = FaultJournal()
        let first = journal.began(.init(steps[0], hitsLeader: true, began: start))
        journal.ended(first, at: start + .seconds(2))
        _ = journal.began(.init(steps[1], hitsLeader: false, began: start + .seconds(4)))
        func around(_ second: Int) -> [FaultScript.Step] {
            journal.around(start + .seconds(second), within: .seconds(3)).map(\.step)
        }
        #expect(around(-1) == [])
        #expect(around(1) == [steps[0]])
        #expect(around(5) == steps)
        #expect(around(6) == [steps[1]])
        #expect(around(600) == [steps[1]])
    }
}
