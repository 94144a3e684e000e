// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

private let own = ElectionEntry(key: "own", createRevision: 10)
private let first = ElectionEntry(key: "first", createRevision: 4)
private let second = ElectionEntry(key: "second", createRevision: 7)
private let later = ElectionEntry(key: "later", createRevision: 12)

private func gone(_ key: EtcdBytes, at revision: EtcdRevision) -> ElectionDeletion {
    ElectionDeletion(key: key, revision: revision)
}

@Suite
struct CandidateStateMachineTests {
    private static func waiting() -> CandidateStateMachine {
        var machine = CandidateStateMachine(key: own.key)
        #expect(machine.phase == .entering)
        #expect(machine.entered(as: own, among: [second, own, first]) == .none)
        #expect(machine.phase == .waiting(ahead: 2))
        return machine
    }

    private static func leading() -> CandidateStateMachine {
        var machine = CandidateStateMachine(key: own.key)
        #expect(machine.entered(as: own, among: [own]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
        return machine
    }

    @Test func nobodyAheadLeadsAtOnce() {
        var machine = CandidateStateMachine(key: own.key)
        #expect(machine.entered(as: own, among: [later, own]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func whoWaitsLeadsWhenAllAheadAreGone() {
        var machine = Self.waiting()
        // The one in the middle may go first, and others come and go behind.
        machine.deleted([gone("second", at: 13), gone("later", at: 14)])
        #expect(machine.phase == .waiting(ahead: 1))
        machine.deleted([gone("first", at: 15)])
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func onlyALeaderDeposedByItsClockKeepsItsLease() {
        var leader = Self.leading()
        #expect(leader.mustLeaseExpire == false)
        leader.leaseEnded(.leaseExpired)
        #expect(leader.phase == .over(.lost(.leaseExpired)))
        #expect(leader.mustLeaseExpire == true)
        // Whose key goes holds up nobody.
        var waiter = Self.waiting()
        waiter.leaseEnded(.leaseExpired)
        #expect(waiter.phase == .over(.lost(.leaseExpired)))
        #expect(waiter.mustLeaseExpire == false)
        // Who was told by the server has nothing to wait for.
        for reason in [EtcdLeadership.LossReason.leaseRevoked, .closed] {
            var told = Self.leading()
            told.leaseEnded(reason)
            #expect(told.phase == .over(.lost(reason)))
            #expect(told.mustLeaseExpire == false)
        }
        // Who wanted to go does so at once.
        var leaving = Self.leading()
        #expect(leaving.resign() == own)
        leaving.leaseEnded(.leaseExpired)
        #expect(leaving.mustLeaseExpire == false)
    }

    @Test func aKeySeenAgainIsAnotherCandidate() {
        var machine = Self.waiting()
        // A deletion of an earlier candidate of that key, reported late.
        machine.deleted([gone("first", at: 3), gone("own", at: 9)])
        #expect(machine.phase == .waiting(ahead: 2))
        machine.deleted([gone("first", at: 4)])
        #expect(machine.phase == .waiting(ahead: 2))
        machine.deleted([gone("first", at: 5)])
        #expect(machine.phase == .waiting(ahead: 1))
    }

    @Test func deletionsThatOvertakeTheAnswerCount() {
        var machine = CandidateStateMachine(key: own.key)
        machine.deleted([gone("first", at: 11)])
        machine.deleted([gone("second", at: 12)])
        #expect(machine.phase == .entering)
        #expect(machine.entered(as: own, among: [first, second, own]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func theOwnDeletionBeforeTheAnswerIsALoss() {
        var machine = CandidateStateMachine(key: own.key)
        machine.deleted([gone("first", at: 11), gone("own", at: 12)])
        #expect(machine.entered(as: own, among: [first, own]) == .none)
        #expect(machine.phase == .over(.lost(.keyDeleted)))
    }

    @Test func tooManyEarlyDeletionsAreReadInstead() {
        var machine = CandidateStateMachine(key: own.key)
        let many = (1...CandidateStateMachine.deletionLimit).map {
            gone("x\($0)".etcdBytes, at: 11)
        }
        machine.deleted(many)
        machine.deleted([gone("first", at: 12)])
        #expect(machine.entered(as: own, among: [first, own]) == .list)
        #expect(machine.phase == .waiting(ahead: 1))
        #expect(machine.listed([own, later]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func theOwnDeletionEndsIt() {
        var waiting = Self.waiting()
        waiting.deleted([gone("first", at: 11), gone("own", at: 12), gone("second", at: 13)])
        #expect(waiting.phase == .over(.lost(.keyDeleted)))
        var leading = Self.leading()
        leading.deleted([gone("own", at: 12)])
        #expect(leading.phase == .over(.lost(.keyDeleted)))
        var found = Self.leading()
        found.keyWasGone()
        #expect(found.phase == .over(.lost(.keyDeleted)))
    }

    @Test func bothDeletedInOneBatchNeverLeads() {
        var machine = CandidateStateMachine(key: own.key)
        _ = machine.entered(as: own, among: [first, own])
        machine.deleted([gone("first", at: 11), gone("own", at: 12)])
        #expect(machine.phase == .over(.lost(.keyDeleted)))
    }

    @Test func theEndOfTheLeaseEndsIt() {
        var entering = CandidateStateMachine(key: own.key)
        entering.leaseEnded(.leaseExpired)
        #expect(entering.phase == .over(.lost(.leaseExpired)))
        // The answer comes too late.
        #expect(entering.entered(as: own, among: [own]) == .none)
        #expect(entering.phase == .over(.lost(.leaseExpired)))
        var waiting = Self.waiting()
        waiting.leaseEnded(.leaseRevoked)
        #expect(waiting.phase == .over(.lost(.leaseRevoked)))
        var leading = Self.leading()
        leading.leaseEnded(.closed)
        #expect(leading.phase == .over(.lost(.closed)))
    }

    // MARK: Interruptions

    @Test func oneListingClosesTheGap() {
        var machine = Self.waiting()
        #expect(machine.watchWasInterrupted() == .list)
        #expect(machine.listed([second, own, later]) == .none)
        #expect(machine.phase == .waiting(ahead: 1))
        #expect(machine.watchWasInterrupted() == .list)
        #expect(machine.listed([own, later]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func anInterruptionWhileEnteringIsMadeUpForAfterwards() {
        var machine = CandidateStateMachine(key: own.key)
        #expect(machine.watchWasInterrupted() == .none)
        #expect(machine.entered(as: own, among: [first, own]) == .list)
        #expect(machine.listed([first, own]) == .none)
        #expect(machine.phase == .waiting(ahead: 1))
        var alone = CandidateStateMachine(key: own.key)
        #expect(alone.watchWasInterrupted() == .none)
        // Leads at the revision of the answer, and must see that it still does.
        #expect(alone.entered(as: own, among: [own]) == .list)
        #expect(alone.phase == .leading(fencingToken: 10))
        #expect(alone.listed([]) == .none)
        #expect(alone.phase == .over(.lost(.keyDeleted)))
    }

    @Test func aListingWithoutTheOwnKeyIsALoss() {
        var waiting = Self.waiting()
        #expect(waiting.watchWasInterrupted() == .list)
        // The key is there, as a candidate of somebody else.
        let other = ElectionEntry(key: own.key, createRevision: 20)
        #expect(waiting.listed([first, other]) == .none)
        #expect(waiting.phase == .over(.lost(.keyDeleted)))
    }

    @Test func aKeyAheadThatWasMadeAgainStandsBehind() {
        var machine = CandidateStateMachine(key: own.key)
        _ = machine.entered(as: own, among: [first, own])
        #expect(machine.watchWasInterrupted() == .list)
        #expect(machine.listed([own, ElectionEntry(key: "first", createRevision: 20)]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func deletionsAfterTheListingIsTakenStillCount() {
        var machine = Self.waiting()
        #expect(machine.watchWasInterrupted() == .list)
        machine.deleted([gone("first", at: 20)])
        // Taken before that deletion.
        #expect(machine.listed([first, own]) == .none)
        #expect(machine.phase == .leading(fencingToken: 10))
    }

    @Test func oneListingAtATimeAndAnotherIfOutdated() {
        var machine = Self.waiting()
        #expect(machine.watchWasInterrupted() == .list)
        #expect(machine.watchWasInterrupted() == .none)
        #expect(machine.watchWasInterrupted() == .none)
        #expect(machine.listed([first, second, own]) == .list)
        #expect(machine.listed([first, second, own]) == .none)
    }

    @Test func aListingIsNotRepeatedForWhoIsGone() {
        var machine = Self.waiting()
        #expect(machine.watchWasInterrupted() == .list)
        machine.giveUp()
        #expect(machine.watchWasInterrupted() == .none)
        #expect(machine.listed([first]) == .none)
        #expect(machine.phase == .over(.givenUp))
    }

    @Test func withoutAWatchAWaiterFailsAndALeaderLeads() {
        var entering = CandidateStateMachine(key: own.key)
        let enteringEnded = entering.watchWasRefused()
        #expect(enteringEnded && entering.phase == .over(.failed))
        var waiting = Self.waiting()
        let waitingEnded = waiting.watchWasRefused()
        #expect(waitingEnded && waiting.phase == .over(.failed))
        var leading = Self.leading()
        let leadingEnded = leading.watchWasRefused()
        #expect(!leadingEnded && leading.phase == .leading(fencingToken: 10))
    }

    // MARK: The owner

    @Test func aLeaderResignsOnce() {
        var machine = Self.leading()
        #expect(machine.resign() == own)
        #expect(machine.phase == .leaving)
        #expect(machine.resign() == nil)
        // That the key goes is what was wanted.
        machine.deleted([gone("own", at: 20)])
        machine.leaseEnded(.closed)
        machine.keyWasGone()
        #expect(machine.phase == .leaving)
        machine.resigned(.resigned)
        #expect(machine.phase == .over(.resigned(.resigned)))
        machine.resigned(.alreadyGone)
        #expect(machine.phase == .over(.resigned(.resigned)))
    }

    @Test func aResignationMayFail() {
        var machine = Self.leading()
        #expect(machine.resign() == own)
        machine.resigned(nil)
        #expect(machine.phase == .over(.failed))
    }

    @Test func onlyALeaderResigns() {
        var waiting = Self.waiting()
        #expect(waiting.resign() == nil)
        var lost = Self.leading()
        lost.leaseEnded(.leaseExpired)
        #expect(lost.resign() == nil)
        lost.resigned(.resigned)
        #expect(lost.phase == .over(.lost(.leaseExpired)))
    }

    @Test func aFailedTransactionEndsIt() {
        var machine = CandidateStateMachine(key: own.key)
        let hasEnded = machine.enteringFailed()
        #expect(hasEnded && machine.phase == .over(.failed))
        var leading = Self.leading()
        let leadingEnded = leading.enteringFailed()
        #expect(!leadingEnded && !leading.isOver)
    }

    /// All orders in which what etcd tells may arrive come to the same.
    @Test func theOrderOfArrivalDoesNotMatter() {
        let deletions = [gone("first", at: 11), gone("second", at: 12)]
        for split in 0...2 {
            for listedAfter in 0...2 {
                var machine = CandidateStateMachine(key: own.key)
                machine.deleted(Array(deletions[..<split]))
                _ = machine.watchWasInterrupted()
                #expect(machine.entered(as: own, among: [first, second, own]) == .list)
                if listedAfter == 0 { _ = machine.listed([first, second, own]) }
                for (index, deletion) in deletions[split...].enumerated() {
                    machine.deleted([deletion])
                    if listedAfter == index + 1 { _ = machine.listed([second, own]) }
                }
                #expect(machine.phase == .leading(fencingToken: 10))
            }
        }
    }
}
