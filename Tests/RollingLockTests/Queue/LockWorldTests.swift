// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@testable import RollingLock

/// What decides beside the order of the tickets: unclean ends, freezes, limits.
@Suite struct LockWorldTests {
    private func ticket(_ key: EtcdBytes, _ revision: EtcdRevision) -> QueueEntry {
        QueueEntry(key: key, createRevision: revision)
    }

    private func open(_ key: EtcdBytes, _ revision: EtcdRevision) -> QueueEntry {
        QueueEntry(key: "open", createRevision: revision, kind: .open(ticket: key, .exclusive))
    }

    /// A machine whose ticket "b" waits behind "a", covered by the watch.
    private func waiting(behind ahead: [QueueEntry]) -> LockQueueStateMachine {
        var machine = LockQueueStateMachine()
        let listing = ahead + [self.open("b", 20), self.ticket("b", 20)]
        _ = machine.join(1, key: "b", lease: EtcdLeaseID(7))
        #expect(
            machine.entered(1, as: self.ticket("b", 20), at: 20, listing: listing)
                == [.openWatch]
        )
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.listed(1, at: 21, listing: listing) == [])
        return machine
    }

    @Test func aCleanEndGrantsAtOnce() {
        var machine = self.waiting(behind: [self.open("a", 10), self.ticket("a", 10)])
        let end = [
            QueueDeletion(key: "a", revision: 30),
            QueueDeletion(key: "open", revision: 30, kind: .open(ticket: "a", .exclusive)),
        ]
        #expect(machine.deleted(end) == [.grant(1, fencingToken: 20)])
    }

    @Test func afterAnUncleanEndTheDelayAndAListingComeFirst() {
        var machine = self.waiting(behind: [self.open("a", 10), self.ticket("a", 10)])
        let orphan = self.ticket("a", 10)
        #expect(
            machine.deleted([QueueDeletion(key: "a", revision: 30)]) == [.awaitTakeover([orphan])]
        )
        let obstacle = machine.obstacle(for: 1)
        #expect(obstacle == .orphan("a"))
        #expect(machine.takeoverIsDue([orphan]) == [.list(2)])
        let listing = [self.open("a", 10), self.open("b", 20), self.ticket("b", 20)]
        #expect(
            machine.listed(2, at: 31, listing: listing)
                == [.grant(1, fencingToken: 20), .bury([orphan])]
        )
    }

    @Test func theTicketOfAnotherProgramIsFollowedAtOnce() {
        var machine = self.waiting(behind: [self.ticket("a", 10)])
        #expect(
            machine.deleted([QueueDeletion(key: "a", revision: 30)])
                == [.grant(1, fencingToken: 20)]
        )
    }

    @Test func nobodyWaitsForTheOwnerOfATicketThatStoodBehind() {
        let ahead = [
            self.ticket("x", 5), self.open("a", 10), self.ticket("a", 10),
        ]
        var machine = self.waiting(behind: ahead)
        #expect(machine.deleted([QueueDeletion(key: "a", revision: 30)]) == [])
        #expect(
            machine.deleted([QueueDeletion(key: "x", revision: 31)])
                == [.grant(1, fencingToken: 20), .bury([self.ticket("a", 10)])]
        )
    }

    @Test func anUncleanEndBeforeTheTicketIsWaitedForToo() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: EtcdLeaseID(7))
        let listing = [self.open("a", 10), self.open("b", 20), self.ticket("b", 20)]
        let orphan = self.ticket("a", 10)
        #expect(
            machine.entered(1, as: self.ticket("b", 20), at: 20, listing: listing)
                == [.awaitTakeover([orphan]), .openWatch]
        )
        // The watch comes first, or the delay: either way a listing follows the delay.
        #expect(machine.takeoverIsDue([orphan]) == [])
        #expect(machine.watchOpened() == [.list(1)])
        #expect(
            machine.listed(1, at: 21, listing: listing)
                == [.grant(1, fencingToken: 20), .bury([orphan])]
        )
    }

    @Test func anUncleanEndThatOvertakesTheListingIsNotForgotten() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: EtcdLeaseID(7))
        let listing = [
            self.open("a", 10), self.ticket("a", 10), self.open("b", 20), self.ticket("b", 20),
        ]
        _ = machine.entered(1, as: self.ticket("b", 20), at: 20, listing: listing)
        #expect(machine.watchOpened() == [.list(1)])
        let orphan = self.ticket("a", 10)
        #expect(
            machine.deleted([QueueDeletion(key: "a", revision: 30)]) == [.awaitTakeover([orphan])]
        )
        // It was executed before.
        #expect(machine.listed(1, at: 25, listing: listing) == [])
        #expect(machine.takeoverIsDue([orphan]) == [.list(2)])
    }

    @Test func afterTheBellAListingComesFirst() {
        var machine = self.waiting(behind: [self.ticket("a", 10)])
        let bell = QueueDeletion(key: "notice", revision: 30, kind: .notice)
        #expect(machine.deleted([bell]) == [.list(2)])
        #expect(machine.deleted([QueueDeletion(key: "a", revision: 31)]) == [])
        let freeze = QueueEntry(key: "freeze", createRevision: 30, kind: .freeze)
        let listing = [self.open("b", 20), self.ticket("b", 20), freeze]
        #expect(machine.listed(2, at: 32, listing: listing) == [])
        let obstacle = machine.obstacle(for: 1)
        #expect(obstacle == .freeze)
        let thaw = QueueDeletion(key: "freeze", revision: 40, kind: .freeze)
        #expect(machine.deleted([thaw]) == [.grant(1, fencingToken: 20)])
    }

    @Test func moreSlotsGrantToThoseWhoWait() throws {
        var machine = self.waiting(behind: [self.ticket("a", 10)])
        let bell = QueueDeletion(key: "notice", revision: 30, kind: .notice)
        #expect(machine.deleted([bell]) == [.list(2)])
        let limits = QueueEntry(
            key: "limits",
            createRevision: 30,
            kind: .limits(try .slots(2))
        )
        let listing = [self.ticket("a", 10), self.open("b", 20), self.ticket("b", 20), limits]
        #expect(machine.listed(2, at: 31, listing: listing) == [.grant(1, fencingToken: 20)])
    }

    /// Random lives of a lock; in each grant the ticket was entitled to it at some revision.
    @Test(.computing) func noOrderOfArrivalGrantsWhatNobodyIsEntitledTo() {
        var grantCount = 0
        var orphanCount = 0
        for seed in UInt64(0)..<300 {
            var world = LockWorld(seed: seed)
            world.run(steps: 400)
            world.settle()
            let violations = world.violations
            let waiting = world.waiting
            #expect(violations.isEmpty, "seed \(seed)")
            #expect(waiting.isEmpty, "seed \(seed)")
            grantCount += world.grantCount
            orphanCount += world.orphanCount
        }
        #expect(grantCount > 1000)
        #expect(orphanCount > 300)
    }
}
