// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

/// A moment so many milliseconds after the beginning of a transcript.
private func at(_ milliseconds: Int) -> ContinuousClock.Instant {
    LeaseStateMachineTests.start + .milliseconds(milliseconds)
}

private let failure = EtcdError(code: .unavailable, message: "gone")

/// With a time to live of 9 s: renewal at 3 s, patience 1 s, deadline at 8.1 s.
@Suite
struct LeaseStateMachineTests {
    static let start = ContinuousClock.now

    private static func granted() -> LeaseStateMachine {
        LeaseStateMachine(ttl: .seconds(9), sentAt: at(0))
    }

    @Test
    func anAnsweredRenewalMovesTheDeadlineFromTheMomentItWasSent() {
        var machine = Self.granted()
        #expect(machine.deadline == at(8100))
        #expect(machine.nextWake(after: at(0)) == at(3000))
        #expect(machine.tick(now: at(3000)) == .renew(.stream))
        #expect(machine.nextWake(after: at(3000)) == at(4000))
        #expect(
            machine.answered(.stream, sentAt: at(3000), ttl: .seconds(9), now: at(3400)) == .none
        )
        #expect(machine.deadline == at(11100))
        #expect(machine.nextWake(after: at(3400)) == at(6000))
        #expect(machine.state(at: at(3400)) == .live(until: at(11100)))
    }

    @Test
    func aTickThatIsNotDueDoesNothing() {
        var machine = Self.granted()
        #expect(machine.tick(now: at(2999)) == .none)
        #expect(machine.tick(now: at(3000)) == .renew(.stream))
        #expect(machine.tick(now: at(3500)) == .none)
    }

    @Test
    func anUnansweredRenewalIsRepeatedOnTheOtherWay() {
        var machine = Self.granted()
        #expect(machine.tick(now: at(3000)) == .renew(.stream))
        #expect(machine.state(at: at(3999)) == .live(until: at(8100)))
        #expect(machine.tick(now: at(4000)) == .renew(.call))
        #expect(machine.state(at: at(4000)) == .suspect(until: at(8100)))
        #expect(machine.tick(now: at(5000)) == .renew(.stream))
        #expect(machine.tick(now: at(6000)) == .renew(.call))
        #expect(
            machine.answered(.call, sentAt: at(6000), ttl: .seconds(9), now: at(6100)) == .none
        )
        #expect(machine.state(at: at(6100)) == .live(until: at(14100)))
    }

    @Test
    func theRenewalsOfALongLeaseThinOutAndThickenAgainBeforeTheDeadline() {
        // Renewal at 1200 s, deadline at 3597 s.
        var machine = LeaseStateMachine(ttl: .seconds(3600), sentAt: at(0))
        var moments: [ContinuousClock.Instant] = []
        var now = at(0)
        while let next = machine.nextWake(after: now) {
            now = next
            if case .renew = machine.tick(now: now) { moments.append(now) }
        }
        #expect(moments.first == at(1_200_000))
        #expect(moments.count < 40)
        let pauses = zip(moments.dropFirst(), moments).map { $0 - $1 }
        #expect(pauses.prefix(4).allSatisfy { $0 == .seconds(1) })
        #expect(pauses.max().map { $0 > .seconds(100) } == true)
        #expect(pauses.suffix(4).allSatisfy { $0 <= .seconds(4) })
    }

    @Test
    func aRoundBeginsWithTheStreamEvenIfItOwesAnAnswer() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        _ = machine.tick(now: at(4000))
        _ = machine.answered(.call, sentAt: at(4000), ttl: .seconds(9), now: at(4100))
        #expect(machine.tick(now: at(7000)) == .renew(.stream))
    }

    @Test
    func aLateAnswerDoesNotMoveTheDeadlineBack() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        _ = machine.tick(now: at(4000))
        _ = machine.answered(.call, sentAt: at(4000), ttl: .seconds(9), now: at(4100))
        #expect(
            machine.answered(.stream, sentAt: at(3000), ttl: .seconds(9), now: at(4200)) == .none
        )
        #expect(machine.deadline == at(12100))
    }

    @Test
    func aFailureIsRetriedAtOnceOnTheOtherWayButOnlyOnce() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        #expect(
            machine.failed(.stream, failure, now: at(3010)) == .renew(.call)
        )
        #expect(machine.failed(.call, failure, now: at(3020)) == .none)
        #expect(machine.nextWake(after: at(3020)) == at(4000))
        #expect(machine.tick(now: at(4010)) == .renew(.stream))
    }

    @Test
    func theLossIsRaisedAtTheDeadlineWithTheLastFailure() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        _ = machine.failed(.stream, failure, now: at(3010))
        #expect(
            machine.nextWake(after: at(8050)) == at(8100) || machine.tick(now: at(8050)) != .none
        )
        #expect(machine.tick(now: at(8100)) == .lost(.expired))
        guard case .lost(let reason) = machine.state(at: at(8100)) else {
            Issue.record("not lost")
            return
        }
        #expect(reason.lastFailure?.code == .unavailable)
        #expect(machine.nextWake(after: at(8100)) == nil)
        #expect(machine.tick(now: at(9000)) == .none)
    }

    @Test
    func aLossThatWasSeenIsNotTakenBack() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        // The process was stopped; the first thing that happens is a look at the state.
        #expect(machine.state(at: at(20_000)) == .lost(.expired))
        #expect(
            machine.answered(.stream, sentAt: at(3000), ttl: .seconds(9), now: at(20_001))
                == .none
        )
        #expect(machine.state(at: at(3100)) == .lost(.expired))
    }

    @Test
    func anAnswerBehindTheDeadlineIsALoss() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        #expect(
            machine.answered(.stream, sentAt: at(3000), ttl: .seconds(9), now: at(8100))
                == .lost(.expired)
        )
    }

    @Test
    func aLeaseTheServerDoesNotKnowAnyMoreWasRevoked() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        _ = machine.answered(.stream, sentAt: at(3000), ttl: .seconds(9), now: at(3010))
        _ = machine.tick(now: at(6000))
        #expect(
            machine.answered(.stream, sentAt: at(6000), ttl: .zero, now: at(6010))
                == .lost(.revoked)
        )
        #expect(machine.state(at: at(6010)) == .lost(.revoked))
    }

    @Test
    func aLeaseGrantedJustNowIsLookedForBeforeItCountsAsRevoked() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        #expect(
            machine.answered(.stream, sentAt: at(3000), ttl: .zero, now: at(3010)) == .verify
        )
        #expect(machine.tick(now: at(4000)) == .none)
        #expect(machine.verified(isKnown: true, now: at(4010)) == .none)
        #expect(machine.tick(now: at(5010)) == .renew(.call))
        #expect(
            machine.answered(.call, sentAt: at(5010), ttl: .zero, now: at(5020))
                == .lost(.revoked)
        )
    }

    @Test
    func aLeaseThatIsNotFoundIsLost() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        _ = machine.answered(.stream, sentAt: at(3000), ttl: .zero, now: at(3010))
        #expect(machine.verified(isKnown: false, now: at(3020)) == .lost(.revoked))
    }

    @Test
    func aLeaseThatCannotBeLookedForIsRenewedFurther() {
        var machine = Self.granted()
        _ = machine.tick(now: at(3000))
        _ = machine.answered(.stream, sentAt: at(3000), ttl: .zero, now: at(3010))
        #expect(machine.verified(isKnown: nil, now: at(3020)) == .none)
        #expect(machine.tick(now: at(4020)) == .renew(.call))
        #expect(
            machine.answered(.call, sentAt: at(4020), ttl: .seconds(9), now: at(4030)) == .none
        )
        #expect(machine.state(at: at(4030)) == .live(until: at(12120)))
    }

    @Test
    func closingEndsItOnce() {
        var machine = Self.granted()
        #expect(machine.close(.closed) == .lost(.closed))
        #expect(machine.close(.abandoned) == .none)
        #expect(machine.state(at: at(0)) == .lost(.closed))
    }

    @Test(arguments: [
        (Duration.seconds(2), Duration.milliseconds(500)),
        (.seconds(10), .seconds(1)),
        (.seconds(3600), .seconds(3)),
        (.milliseconds(600), .milliseconds(300)),
    ])
    func theMarginFollowsTheTimeToLive(ttl: Duration, margin: Duration) {
        #expect(LeaseStateMachine.margin(ttl: ttl) == margin)
    }
}
