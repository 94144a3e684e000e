// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@testable import RollingLock

/// Transcripts: what happened, and what the machine decided.
@Suite struct LockQueueStateMachineTests {
    private let lease = EtcdLeaseID(7)

    private func entry(_ key: EtcdBytes, _ revision: EtcdRevision) -> QueueEntry {
        QueueEntry(key: key, createRevision: revision)
    }

    private func deletion(_ key: EtcdBytes, _ revision: EtcdRevision) -> QueueDeletion {
        QueueDeletion(key: key, revision: revision)
    }

    @Test func anEmptyQueueGrantsAtOnceAndTheWatchFollows() {
        var machine = LockQueueStateMachine()
        #expect(
            machine.join(1, key: "a", lease: self.lease) == 0
        )
        #expect(
            machine.entered(1, as: entry("a", 10), at: 10, listing: [entry("a", 10)])
                == [.grant(1, fencingToken: 10)]
        )
        #expect(machine.heldForAWhile() == [.openWatch])
        // The ticket's own deletion may have been missed before the watch began: one listing.
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.listed(1, at: 11, listing: [entry("a", 10)]) == [])
        #expect(machine.deleted([deletion("a", 12)]) == [.lose(1, .ticketDeleted)])
        let isIdle = machine.isIdle
        #expect(isIdle)
    }

    @Test func anAdoptedTicketHoldsWhoeverStandsThereAndIsWatched() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        #expect(
            machine.adopted(1, as: entry("a", 10), at: 40) == [.grant(1, fencingToken: 10)]
        )
        #expect(machine.heldForAWhile() == [.openWatch])
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.listed(1, at: 41, listing: [entry("b", 20)]) == [.lose(1, .ticketDeleted)])
    }

    @Test func anAdoptedTicketThatWasDeletedMeanwhileIsLost() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        #expect(machine.deleted([deletion("a", 41)]) == [])
        #expect(
            machine.adopted(1, as: entry("a", 10), at: 40) == [.lose(1, .ticketDeleted)]
        )
        let isIdle = machine.isIdle
        #expect(isIdle)
    }

    @Test func withAWatchTheNextTicketIsGrantedByTheDeletionAlone() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        #expect(
            machine.entered(1, as: entry("a", 10), at: 10, listing: [entry("a", 10)])
                == [.grant(1, fencingToken: 10), .list(1)]
        )
        #expect(machine.listed(1, at: 10, listing: [entry("a", 10)]) == [])

        #expect(
            machine.join(2, key: "b", lease: self.lease) == 0
        )
        #expect(
            machine.entered(
                2,
                as: entry("b", 11),
                at: 11,
                listing: [entry("a", 10), entry("b", 11)]
            ) == []
        )
        #expect(machine.ahead(of: 2) == ["a"])
        machine.leave(1)
        #expect(machine.deleted([deletion("a", 12)]) == [.grant(2, fencingToken: 11)])
    }

    @Test func anAnswerSentAfterTheWatchBeganNeedsNoListing() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        machine.leave(1)
        _ = machine.join(2, key: "b", lease: self.lease)
        #expect(
            machine.entered(2, as: entry("b", 20), at: 20, listing: [entry("b", 20)])
                == [.grant(2, fencingToken: 20)]
        )
    }

    @Test func theWaitBeforeTheWatchIsClosedByOneListing() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: self.lease)
        let listing = [entry("x", 5), entry("b", 10)]
        #expect(machine.entered(1, as: entry("b", 10), at: 10, listing: listing) == [.openWatch])
        #expect(machine.watchOpened() == [.list(1)])
        // "x" went between the two; nobody will report it.
        #expect(
            machine.listed(1, at: 12, listing: [entry("b", 10)]) == [.grant(1, fencingToken: 10)]
        )
    }

    @Test func aListingThatFailedIsAskedForAgain() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: self.lease)
        _ = machine.entered(
            1,
            as: entry("b", 10),
            at: 10,
            listing: [entry("x", 5), entry("b", 10)]
        )
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.listingFailed(1) == [.list(2)])
        #expect(machine.listed(1, at: 12, listing: [entry("b", 10)]) == [])
        #expect(
            machine.listed(2, at: 12, listing: [entry("b", 10)]) == [.grant(1, fencingToken: 10)]
        )
    }

    @Test func aDeletionThatOvertakesTheAnswerIsApplied() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        #expect(machine.deleted([deletion("x", 12)]) == [])
        #expect(
            machine.entered(
                2,
                as: entry("b", 11),
                at: 11,
                listing: [entry("x", 5), entry("b", 11)]
            )
                == [.grant(2, fencingToken: 11)]
        )
    }

    @Test func aDeletionBeforeTheAnswersRevisionDoesNotTouchALaterTicketOfTheSameName() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        // "x" was deleted at 8 and came again at 9.
        #expect(machine.deleted([deletion("x", 8)]) == [])
        #expect(
            machine.entered(
                2,
                as: entry("b", 11),
                at: 11,
                listing: [entry("x", 9), entry("b", 11)]
            ) == []
        )
        #expect(machine.ahead(of: 2) == ["x"])
        #expect(machine.deleted([deletion("x", 12)]) == [.grant(2, fencingToken: 11)])
    }

    @Test func anOlderAnswerBringsNobodyBack() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: self.lease)
        _ = machine.join(2, key: "c", lease: self.lease)
        _ = machine.entered(
            2,
            as: entry("c", 12),
            at: 12,
            listing: [entry("x", 5), entry("b", 10), entry("c", 12)]
        )
        // "x" goes at 13; the watch begins after that, and the listing comes before the answer.
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.listed(1, at: 15, listing: [entry("b", 10), entry("c", 12)]) == [])
        #expect(
            machine.entered(
                1,
                as: entry("b", 10),
                at: 10,
                listing: [entry("x", 5), entry("b", 10)]
            )
                == [.grant(1, fencingToken: 10)]
        )
    }

    @Test func aTicketThatIsGoneBeforeItsAnswerArrivesIsLost() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        #expect(machine.deleted([deletion("b", 12)]) == [])
        #expect(
            machine.entered(2, as: entry("b", 11), at: 11, listing: [entry("b", 11)])
                == [.lose(2, .ticketDeleted)]
        )
    }

    @Test func aWaiterWhoseTicketVanishesFailsWhileTheHolderHolds() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(
            2,
            as: entry("b", 11),
            at: 11,
            listing: [entry("x", 5), entry("b", 11)]
        )
        #expect(machine.deleted([deletion("b", 12)]) == [.lose(2, .ticketDeleted)])
        #expect(machine.deleted([deletion("x", 13)]) == [])
    }

    @Test func aBatchThatTakesBothHolderAndWaiterGrantsNothing() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(
            2,
            as: entry("b", 11),
            at: 11,
            listing: [entry("x", 5), entry("b", 11)]
        )
        #expect(
            machine.deleted([deletion("x", 12), deletion("b", 12)]) == [.lose(2, .ticketDeleted)]
        )
    }

    @Test func afterAnInterruptionOneListingDecides() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(
            2,
            as: entry("b", 11),
            at: 11,
            listing: [entry("x", 5), entry("b", 11)]
        )
        #expect(machine.watchResumed() == [.list(1)])
        // Until then not even the deletion of the last one ahead grants: the ticket itself may be
        // gone.
        #expect(machine.deleted([deletion("x", 12)]) == [])
        #expect(
            machine.listed(1, at: 14, listing: [entry("b", 11)]) == [.grant(2, fencingToken: 11)]
        )
    }

    @Test func aTicketThatWentDuringAnInterruptionIsLost() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(
            2,
            as: entry("b", 11),
            at: 11,
            listing: [entry("x", 5), entry("b", 11)]
        )
        #expect(machine.watchResumed() == [.list(1)])
        #expect(machine.listed(1, at: 14, listing: []) == [.lose(2, .ticketDeleted)])
    }

    @Test func aHolderWhoseTicketARestoredStoreDoesNotHaveIsLost() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "z", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "a", lease: self.lease)
        #expect(
            machine.entered(2, as: entry("a", 1000), at: 1000, listing: [entry("a", 1000)])
                == [.grant(2, fencingToken: 1000)]
        )
        #expect(machine.watchResumed() == [.list(1)])
        // The backup is from before the ticket.
        #expect(machine.listed(1, at: 901, listing: []) == [.list(2)])
        #expect(machine.listed(2, at: 901, listing: []) == [.lose(2, .ticketDeleted)])
    }

    @Test func theStoreThatATicketEntersMayHaveGoneBack() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "z", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "a", lease: self.lease)
        _ = machine.entered(2, as: entry("a", 1000), at: 1000, listing: [entry("a", 1000)])
        _ = machine.join(3, key: "b", lease: self.lease)
        // Nobody stands before it there, but the other one must hear of its loss first.
        #expect(
            machine.entered(3, as: entry("b", 901), at: 901, listing: [entry("b", 901)])
                == [.list(1)]
        )
        #expect(
            machine.listed(1, at: 902, listing: [entry("b", 901)])
                == [.lose(2, .ticketDeleted), .grant(3, fencingToken: 901)]
        )
    }

    @Test func aListingFromBeforeTheInterruptionDoesNotCount() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: self.lease)
        _ = machine.entered(
            1,
            as: entry("b", 10),
            at: 10,
            listing: [entry("x", 5), entry("b", 10)]
        )
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.watchResumed() == [.list(2)])
        #expect(machine.listed(1, at: 11, listing: [entry("b", 10)]) == [])
        #expect(
            machine.listed(2, at: 12, listing: [entry("b", 10)]) == [.grant(1, fencingToken: 10)]
        )
    }

    @Test func aWatchThatEndsIsOpenedAgainWhileThereAreTickets() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "b", lease: self.lease)
        _ = machine.entered(
            1,
            as: entry("b", 10),
            at: 10,
            listing: [entry("x", 5), entry("b", 10)]
        )
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.watchEnded() == .open)
        #expect(machine.watchOpened() == [.list(2)])
        machine.leave(1)
        #expect(machine.watchEnded() == .none)
    }

    @Test func theEndOfALeaseTakesAllItsTickets() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.join(2, key: "b", lease: EtcdLeaseID(8))
        _ = machine.join(3, key: "c", lease: self.lease)
        _ = machine.entered(1, as: entry("a", 10), at: 10, listing: [entry("a", 10)])
        #expect(
            machine.leaseEnded(self.lease, .leaseExpired)
                == [.lose(1, .leaseExpired), .lose(3, .leaseExpired)]
        )
        // The answer to a ticket that is lost already decides nothing.
        #expect(
            machine.entered(
                3,
                as: entry("c", 11),
                at: 11,
                listing: [entry("a", 10), entry("c", 11)]
            ) == []
        )
    }

    @Test func whoLeavesTheQueueIsWaitedForUntilItsDeletion() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(2, as: entry("b", 11), at: 11, listing: [entry("b", 11)])
        _ = machine.join(3, key: "c", lease: self.lease)
        _ = machine.entered(
            3,
            as: entry("c", 12),
            at: 12,
            listing: [entry("b", 11), entry("c", 12)]
        )
        machine.leave(2)
        #expect(machine.ahead(of: 3) == ["b"])
        #expect(machine.deleted([deletion("b", 13)]) == [.grant(3, fencingToken: 12)])
    }

    @Test func theAnswerItselfTellsThatAnEarlierTicketIsGone() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(2, as: entry("b", 11), at: 11, listing: [entry("b", 11)])
        machine.leave(2)
        // The deletion of "b" at 12 is not reported yet.
        _ = machine.join(3, key: "c", lease: self.lease)
        #expect(
            machine.entered(3, as: entry("c", 13), at: 13, listing: [entry("c", 13)])
                == [.grant(3, fencingToken: 13)]
        )
        #expect(machine.deleted([deletion("b", 12)]) == [])
    }

    @Test func aLongQueueIsListedOnlyFromWhereItIsKnown() {
        var machine = LockQueueStateMachine()
        _ = machine.join(1, key: "a", lease: self.lease)
        _ = machine.watchOpened()
        let length = LockQueueStateMachine.defaultPartialListingThreshold
        let others = (0..<length).map {
            entry(EtcdBytes("x\($0)"), EtcdRevision(Int64(100 + $0)))
        }
        _ = machine.join(2, key: "b", lease: self.lease)
        _ = machine.entered(2, as: entry("b", 200), at: 200, listing: others + [entry("b", 200)])
        #expect(
            machine.join(3, key: "c", lease: self.lease)
                == 201
        )
        #expect(
            machine.entered(
                3,
                as: entry("c", 205),
                at: 205,
                listing: [entry("y", 203), entry("c", 205)]
            )
                == []
        )
        #expect(machine.ahead(of: 3).count == length + 2)
        let deletions = others.map { deletion($0.key, 300) }
        #expect(machine.deleted(deletions) == [.grant(2, fencingToken: 200)])
        machine.leave(2)
        #expect(machine.deleted([deletion("b", 301)]) == [])
        #expect(machine.deleted([deletion("y", 302)]) == [.grant(3, fencingToken: 205)])
    }

    @Test func aShortHoldNeedsNoWatch() {
        var machine = LockQueueStateMachine()
        #expect(
            machine.join(1, key: "a", lease: self.lease)
                == 0
        )
        #expect(
            machine.took(1, as: entry("a", 10), listing: [entry("a", 10)]) == [
                .grant(1, fencingToken: 10)
            ]
        )
        #expect(machine.heldForAWhile() == [.openWatch])
        #expect(machine.heldForAWhile() == [])
        #expect(machine.watchOpened() == [.list(1)])
        #expect(machine.listed(1, at: 12, listing: []) == [.lose(1, .ticketDeleted)])
    }

    /// Plays random histories of a queue: answers, listings and deletions arrive in any order that
    /// a network allows.
    ///
    /// Nobody may ever hold at a revision at which somebody else stands first, and in the end
    /// everybody has had the lock or was lost.
    @Test(.computing) func noOrderOfArrivalMakesTwoHoldersOrStrandsAWaiter() {
        var grantCount = 0
        for seed in UInt64(0)..<300 {
            var world = QueueWorld(seed: seed)
            world.run(steps: 400)
            world.settle()
            let violations = world.violations
            let waiting = world.waiting
            #expect(violations.isEmpty, "seed \(seed)")
            #expect(waiting.isEmpty, "seed \(seed)")
            grantCount += world.grantCount
        }
        #expect(grantCount > 300)
    }
}
