// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import Testing

/// Transcripts: what happens, and what the slot says to do about it.
struct ConnectionSlotTests {
    private typealias Dial = ConnectionSlot.Dial

    private let now = ContinuousClock.now
    private let untrusted = ConnectionFailure.tls(.certificateUntrusted(reason: "self-signed"))

    @Test
    func callersShareOneAttemptAndItsConnection() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        let dial = Dial(id: 10, endpoint: .numbered(0))
        #expect(slot.request(1, dialID: 10, picker: picker) == .dial(dial))
        #expect(slot.request(2, dialID: 11, picker: picker) == .wait)
        #expect(
            slot.succeeded(dial, picker: &picker, now: self.now) == .serve([1, 2], dropping: [])
        )
        #expect(slot.request(3, dialID: 12, picker: picker) == .use(dial))
    }

    @Test
    func withoutAnEndpointNothingIsToBeHadYet() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker([], startingAt: 0)
        #expect(slot.request(1, dialID: 10, picker: picker) == .refuse)
        picker.replace(with: [.numbered(0)])
        let dial = Dial(id: 11, endpoint: .numbered(0))
        #expect(slot.request(2, dialID: 11, picker: picker) == .dial(dial))
    }

    @Test
    func aFailureGoesToAnotherEndpointAtOnceAndPausesAfterARound() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 1)
        let first = Dial(id: 10, endpoint: .numbered(1))
        let second = Dial(id: 11, endpoint: .numbered(0))
        #expect(slot.request(1, dialID: 10, picker: picker) == .dial(first))
        #expect(
            slot.failed(first, with: .refused, nextDialID: 11, picker: &picker, now: self.now)
                == .dial(second)
        )
        #expect(
            slot.failed(second, with: .refused, nextDialID: 12, picker: &picker, now: self.now)
                == .backOff(upTo: .milliseconds(50))
        )
        #expect(slot.request(2, dialID: 13, picker: picker) == .wait)

        let third = Dial(id: 14, endpoint: .numbered(1))
        #expect(slot.backOffElapsed(nextDialID: 14, picker: picker) == .dial(third))
        #expect(
            slot.succeeded(third, picker: &picker, now: self.now) == .serve([1, 2], dropping: [])
        )
    }

    @Test
    func pausesGrowFromRoundToRound() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        _ = slot.request(1, dialID: 0, picker: picker)
        var bounds: [ConnectionSlot.FailedAction] = []
        for id in 0..<8 {
            bounds.append(
                slot.failed(
                    Dial(id: id, endpoint: .numbered(0)),
                    with: .refused,
                    nextDialID: 100,
                    picker: &picker,
                    now: self.now
                )
            )
            _ = slot.backOffElapsed(nextDialID: id + 1, picker: picker)
        }
        let milliseconds = [50, 100, 200, 400, 800, 1600, 2000, 2000]
        #expect(bounds == milliseconds.map { .backOff(upTo: .milliseconds($0)) })
    }

    @Test
    func whatTryingAgainDoesNotMendFailsAfterOneRound() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 0)
        let first = Dial(id: 10, endpoint: .numbered(0))
        let second = Dial(id: 11, endpoint: .numbered(1))
        _ = slot.request(1, dialID: 10, picker: picker)
        #expect(
            slot.failed(first, with: self.untrusted, nextDialID: 11, picker: &picker, now: self.now)
                == .dial(second)
        )
        #expect(
            slot.failed(
                second,
                with: .notHTTP2(hint: "HTTP/1"),
                nextDialID: 12,
                picker: &picker,
                now: self.now
            )
                == .fail([1])
        )
        // The next caller tries anew: somebody may have mended it.
        #expect(
            slot.request(2, dialID: 13, picker: picker)
                == .dial(Dial(id: 13, endpoint: .numbered(0)))
        )
    }

    @Test
    func oneEndpointThatMayRecoverKeepsTheRoundsGoing() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 0)
        _ = slot.request(1, dialID: 10, picker: picker)
        _ = slot.failed(
            Dial(id: 10, endpoint: .numbered(0)),
            with: self.untrusted,
            nextDialID: 11,
            picker: &picker,
            now: self.now
        )
        #expect(
            slot.failed(
                Dial(id: 11, endpoint: .numbered(1)),
                with: .refused,
                nextDialID: 12,
                picker: &picker,
                now: self.now
            )
                == .backOff(upTo: .milliseconds(50))
        )
    }

    @Test
    func aSlowAttemptGetsCompanyAndTheFirstToBeReadyWins() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 3, start: 0)
        let slow = Dial(id: 10, endpoint: .numbered(0))
        let quick = Dial(id: 11, endpoint: .numbered(1))
        _ = slot.request(1, dialID: 10, picker: picker)
        #expect(
            slot.isSlow(slow, nextDialID: 11, picker: picker) == .dial(quick)
        )
        // Only the youngest attempt calls for another one.
        #expect(slot.isSlow(slow, nextDialID: 12, picker: picker) == .none)
        #expect(
            slot.succeeded(quick, picker: &picker, now: self.now) == .serve([1], dropping: [slow])
        )
        #expect(slot.succeeded(slow, picker: &picker, now: self.now) == .discard)
        #expect(
            slot.failed(
                slow,
                with: .closedLocally,
                nextDialID: 13,
                picker: &picker,
                now: self.now
            )
                == .none
        )
        #expect(picker.failure(of: .numbered(0)) == nil)
    }

    @Test
    func aRoundIsOverOnlyWhenItsLastAttemptHasFailed() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 0)
        _ = slot.request(1, dialID: 10, picker: picker)
        _ = slot.isSlow(
            Dial(id: 10, endpoint: .numbered(0)),
            nextDialID: 11,
            picker: picker
        )
        #expect(
            slot.failed(
                Dial(id: 11, endpoint: .numbered(1)),
                with: .refused,
                nextDialID: 12,
                picker: &picker,
                now: self.now
            )
                == .none
        )
        #expect(
            slot.failed(
                Dial(id: 10, endpoint: .numbered(0)),
                with: .timedOut(phase: "connecting"),
                nextDialID: 13,
                picker: &picker,
                now: self.now
            )
                == .backOff(upTo: .milliseconds(50))
        )
    }

    @Test
    func nobodyDialsForCallersThatHaveLeft() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 0)
        let dial = Dial(id: 10, endpoint: .numbered(0))
        _ = slot.request(1, dialID: 10, picker: picker)
        slot.waiterLeft(1)
        #expect(slot.isSlow(dial, nextDialID: 11, picker: picker) == .none)
        #expect(
            slot.failed(dial, with: .refused, nextDialID: 11, picker: &picker, now: self.now)
                == .none
        )
        #expect(
            slot.request(2, dialID: 12, picker: picker)
                == .dial(Dial(id: 12, endpoint: .numbered(1)))
        )
    }

    @Test
    func aPauseEndsWhenTheLastCallerLeaves() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        _ = slot.request(1, dialID: 10, picker: picker)
        _ = slot.failed(
            Dial(id: 10, endpoint: .numbered(0)),
            with: .refused,
            nextDialID: 11,
            picker: &picker,
            now: self.now
        )
        slot.waiterLeft(1)
        #expect(slot.backOffElapsed(nextDialID: 12, picker: picker) == .none)
        #expect(
            slot.request(2, dialID: 13, picker: picker)
                == .dial(Dial(id: 13, endpoint: .numbered(0)))
        )
    }

    @Test
    func aConnectionThatWasLeftIsReplacedByTheNextCaller() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 0)
        let old = Dial(id: 10, endpoint: .numbered(0))
        _ = slot.request(1, dialID: 10, picker: picker)
        _ = slot.succeeded(old, picker: &picker, now: self.now)
        picker.suspect(.numbered(0), because: .unresponsive("silent"), at: self.now)
        #expect(slot.leave(old) == .release(old))
        #expect(slot.leave(old) == .none)
        #expect(
            slot.request(2, dialID: 11, picker: picker)
                == .dial(Dial(id: 11, endpoint: .numbered(1)))
        )
    }

    @Test
    func anOldConnectionsEndDoesNotTouchItsSuccessor() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        _ = slot.request(1, dialID: 10, picker: picker)
        _ = slot.succeeded(Dial(id: 10, endpoint: .numbered(0)), picker: &picker, now: self.now)
        _ = slot.leave(Dial(id: 10, endpoint: .numbered(0)))
        let new = Dial(id: 11, endpoint: .numbered(0))
        _ = slot.request(2, dialID: 11, picker: picker)
        _ = slot.succeeded(new, picker: &picker, now: self.now)
        #expect(slot.leave(Dial(id: 10, endpoint: .numbered(0))) == .none)
        #expect(slot.request(3, dialID: 12, picker: picker) == .use(new))
    }

    @Test
    func anAttemptAtAnEndpointThatIsGoneHarmsNobody() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 2, start: 1)
        let gone = Dial(id: 10, endpoint: .numbered(1))
        #expect(slot.request(1, dialID: 10, picker: picker) == .dial(gone))
        picker.replace(with: [.numbered(0), .numbered(2)])
        #expect(
            slot.failed(gone, with: self.untrusted, nextDialID: 11, picker: &picker, now: self.now)
                == .dial(Dial(id: 11, endpoint: .numbered(0)))
        )
        #expect(picker.failure(of: .numbered(1)) == nil)
        // The round includes those that came meanwhile, and all of them decide what is hopeless.
        #expect(
            slot.failed(
                Dial(id: 11, endpoint: .numbered(0)),
                with: self.untrusted,
                nextDialID: 12,
                picker: &picker,
                now: self.now
            )
                == .dial(Dial(id: 12, endpoint: .numbered(2)))
        )
        #expect(
            slot.failed(
                Dial(id: 12, endpoint: .numbered(2)),
                with: self.untrusted,
                nextDialID: 13,
                picker: &picker,
                now: self.now
            )
                == .fail([1])
        )
    }

    @Test
    func afterTheEndNothingIsDialledOrGivenOut() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        let dial = Dial(id: 10, endpoint: .numbered(0))
        _ = slot.request(1, dialID: 10, picker: picker)
        #expect(slot.shutDown() == .close([dial], waiters: [1]))
        #expect(slot.succeeded(dial, picker: &picker, now: self.now) == .discard)
        #expect(
            slot.failed(
                dial,
                with: .closedLocally,
                nextDialID: 11,
                picker: &picker,
                now: self.now
            )
                == .none
        )
        #expect(slot.request(2, dialID: 12, picker: picker) == .refuse)
        #expect(slot.shutDown() == .close([], waiters: []))
    }
}

/// Connections that are replaced while they are in use.
struct ConnectionRenewalTests {
    private typealias Dial = ConnectionSlot.Dial

    private let now = ContinuousClock.now
    private let old = Dial(id: 10, endpoint: .numbered(0))
    private let new = Dial(id: 11, endpoint: .numbered(0))

    @Test
    func theNewConnectionIsGivenOutInThePlaceOfTheOld() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        _ = slot.request(1, dialID: 10, picker: picker)
        _ = slot.succeeded(self.old, picker: &picker, now: self.now)
        #expect(slot.renewed(self.old, by: self.new) == .replace)
        #expect(slot.request(2, dialID: 12, picker: picker) == .use(self.new))
        // The old one ends when its last call has ended, which is of no matter.
        #expect(slot.leave(self.old) == .none)
        #expect(slot.leave(self.new) == .release(self.new))
    }

    @Test
    func aReplacementForWhatIsGoneIsDiscarded() {
        var slot = ConnectionSlot()
        var picker = EndpointPicker(count: 1, start: 0)
        #expect(slot.renewed(self.old, by: self.new) == .discard)
        _ = slot.request(1, dialID: 10, picker: picker)
        #expect(slot.renewed(self.old, by: self.new) == .discard)
        _ = slot.succeeded(self.old, picker: &picker, now: self.now)
        #expect(slot.renewed(Dial(id: 9, endpoint: .numbered(0)), by: self.new) == .discard)
        #expect(slot.request(2, dialID: 12, picker: picker) == .use(self.old))
        _ = slot.shutDown()
        #expect(slot.renewed(self.old, by: self.new) == .discard)
    }
}
