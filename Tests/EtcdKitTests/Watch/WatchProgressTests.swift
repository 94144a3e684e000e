// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

private let one = WatchHandle(1)
private let two = WatchHandle(2)

/// Requests for progress and the answers to them, which name no watch.
@Suite
struct WatchProgressTests {
    /// A machine with one watch that replays from 3, known as 2 on the wire, acknowledged at 9.
    private static func live() -> WatchStateMachine {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.received(.created(2, at: 9))
        return machine
    }

    @Test
    func theOneWhoAskedIsToldAndTheOthersMoveSilently() {
        var machine = Self.live()
        _ = machine.add(two, .from(4), seen: 0)
        _ = machine.received(.created(3, at: 9))
        #expect(machine.requestProgress(of: one) == .send(.progress))
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(4, from: 20), .creating(5, from: 20)])
    }

    @Test
    func anIdleServerAnswersWithTheRevisionOfTheAcknowledgement() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        #expect(machine.received(.progress(-1, at: 9)) == .answer([one], revision: 9))
        _ = machine.requestProgress(of: one)
        #expect(machine.received(.progress(-1, at: 9)) == .answer([one], revision: 9))
    }

    @Test
    func anAnswerThatNobodyAskedForMeansNothing() {
        var machine = Self.live()
        #expect(machine.received(.progress(-1, at: 20)) == .ignore(.notAskedFor))
        _ = machine.requestProgress(of: one)
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
        #expect(machine.received(.progress(-1, at: 30)) == .ignore(.notAskedFor))
        #expect(
            machine.received(.events(2, 25))
                == .deliver(one, events: [.at(25)], revision: 25, byteCount: 10)
        )
    }

    @Test
    func anAnswerBelowWhatWasDeliveredMeansNothing() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        _ = machine.received(.events(2, 15))
        #expect(machine.received(.progress(-1, at: 14)) == .ignore(.stale))
        _ = machine.requestProgress(of: one)
        #expect(machine.received(.progress(-1, at: 15)) == .answer([one], revision: 15))
    }

    @Test
    func aWatchThatIsBeingCreatedIsNotMoved() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        _ = machine.requestProgress(of: one)
        _ = machine.add(two, .from(4), seen: 0)
        #expect(machine.requestProgress(of: two) == .none)
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
        _ = machine.received(.created(3, at: 20))
        #expect(
            machine.received(.events(3, 4, 20))
                == .deliver(two, events: [.at(4), .at(20)], revision: 20, byteCount: 10)
        )
    }

    @Test
    func anAnswerThatTheAcknowledgementOvertookDoesNotMoveTheNewWatch() {
        for revision: Int64 in [10, 20] {
            var machine = Self.live()
            _ = machine.requestProgress(of: one)
            _ = machine.add(two, .from(4), seen: 0)
            _ = machine.received(.created(3, at: 20))
            #expect(
                machine.received(.progress(-1, at: revision)) == .answer([one], revision: revision)
            )
            #expect(
                machine.received(.events(3, 4))
                    == .deliver(two, events: [.at(4)], revision: 4, byteCount: 10)
            )
        }
    }

    @Test
    func aNewWatchIsMovedByAnswersThatMustBeYounger() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        _ = machine.add(two, .from(4), seen: 0)
        _ = machine.received(.created(3, at: 20))
        // This may be the answer to the first request.
        _ = machine.requestProgress(of: two)
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
        // This cannot, for it is the second.
        #expect(machine.received(.progress(-1, at: 20)) == .answer([two], revision: 20))
        // Nor can this, by its revision, if the first remained unanswered.
        machine = Self.live()
        _ = machine.requestProgress(of: one)
        _ = machine.add(two, .from(4), seen: 0)
        _ = machine.received(.created(3, at: 20))
        _ = machine.requestProgress(of: two)
        #expect(machine.received(.progress(-1, at: 21)) == .answer([one, two], revision: 21))
    }

    @Test
    func requestsThatWereLeftOutDoNotHoldBackLaterOnes() {
        var machine = Self.live()
        for _ in 1...3 { #expect(machine.requestProgress(of: one) == .send(.progress)) }
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
        _ = machine.requestProgress(of: one)
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
    }

    @Test
    func aSuspendedWatchIsNotMovedAndCannotAsk() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        _ = machine.received(.events(2, 4))
        _ = machine.suspend(one)
        #expect(machine.requestProgress(of: one) == .none)
        #expect(machine.proceed(one) == .send(.creating(3, from: 4)))
        _ = machine.received(.created(3, at: 9))
        #expect(machine.received(.progress(-1, at: 9)) == .ignore(.stale))
        #expect(
            machine.received(.events(3, 4, 5))
                == .deliver(one, events: [.at(5)], revision: 5, byteCount: 10)
        )
    }

    @Test
    func aRequestEndsWithItsStream() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        #expect(machine.streamClosed() == .openStream)
        #expect(machine.requestProgress(of: one) == .none)
        #expect(machine.streamOpened() == [.creating(3, from: 3)])
        #expect(machine.requestProgress(of: one) == .none)
        _ = machine.received(.created(3, at: 9))
        #expect(machine.received(.progress(-1, at: 20)) == .ignore(.notAskedFor))
        #expect(machine.requestProgress(of: one) == .send(.progress))
        #expect(machine.received(.progress(-1, at: 20)) == .answer([one], revision: 20))
    }

    @Test
    func theOneWhoAskedMayHaveLeft() {
        var machine = Self.live()
        _ = machine.add(two, .from(4), seen: 0)
        _ = machine.received(.created(3, at: 9))
        _ = machine.requestProgress(of: one)
        _ = machine.remove(one)
        #expect(machine.received(.progress(-1, at: 20)) == .answer([], revision: 20))
        #expect(machine.requestProgress(of: one) == .none)
    }

    @Test
    func aWatchOfTheFutureIsNotMovedByAnAnswerBeforeIt() {
        var machine = Self.live()
        _ = machine.add(two, .from(100), seen: 0)
        _ = machine.received(.created(3, at: 9))
        _ = machine.requestProgress(of: two)
        #expect(machine.received(.progress(-1, at: 20)) == .answer([], revision: 20))
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(4, from: 20), .creating(5, from: 100)])
    }
}
