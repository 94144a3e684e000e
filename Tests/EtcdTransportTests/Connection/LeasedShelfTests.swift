// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import Testing

struct LeasedShelfTests {
    private let now = ContinuousClock.now

    @Test func usersShareOneValueAndTheNextFindsItAgain() {
        var shelf = LeasedShelf<String, Int>(capacity: 2)
        #expect(shelf.take("a") { 1 } == (1, nil))
        #expect(shelf.take("a") { 2 } == (1, nil))
        shelf.giveBack("a", now: self.now)
        #expect(!shelf.hasIdle)
        shelf.giveBack("a", now: self.now)
        #expect(shelf.hasIdle)
        #expect(shelf.take("a") { 3 } == (1, nil))
        #expect(!shelf.hasIdle)
    }

    @Test func onlyWhatNobodyHasUsedForAWhileIsRemoved() {
        var shelf = LeasedShelf<String, Int>(capacity: 8)
        for (number, key) in ["used", "old", "young"].enumerated() {
            _ = shelf.take(key) { number }
        }
        shelf.giveBack("old", now: self.now)
        shelf.giveBack("young", now: self.now + .seconds(10))
        #expect(shelf.removeIdle(since: self.now + .seconds(5)) == [1])
        #expect(shelf.values.sorted() == [0, 2])
        #expect(shelf.removeIdle(since: self.now + .seconds(60)) == [2])
        #expect(shelf.take("old") { 7 } == (7, nil))
    }

    @Test func whenItIsFullTheLongestIdleGivesWayAndNothingInUse() {
        var shelf = LeasedShelf<String, Int>(capacity: 2)
        _ = shelf.take("a") { 1 }
        _ = shelf.take("b") { 2 }
        #expect(shelf.take("c") { 3 } == (3, nil))
        shelf.giveBack("b", now: self.now)
        shelf.giveBack("a", now: self.now + .seconds(1))
        #expect(shelf.take("d") { 4 } == (4, 2))
        #expect(shelf.values.sorted() == [1, 3, 4])
    }
}
