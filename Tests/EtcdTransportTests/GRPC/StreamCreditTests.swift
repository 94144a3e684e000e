// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
@testable import EtcdTransport
import Testing

struct StreamCreditTests {
    @Test func wholeMessagesHoldTheWindowUntilTheyAreUsed() {
        var credit = StreamCredit()
        credit.completed(100)
        credit.completed(50)
        #expect(credit.received(150, isWithinMessage: false) == 0)
        #expect(credit.consumed(100, isWithinMessage: false) == 100)
        #expect(credit.consumed(50, isWithinMessage: false) == 50)
    }

    @Test func aPartGoesBackAtOnceAndNotAgainWithItsMessage() {
        var credit = StreamCredit()
        #expect(credit.received(60, isWithinMessage: true) == 60)
        #expect(credit.received(30, isWithinMessage: true) == 30)
        credit.completed(100)
        #expect(credit.received(10, isWithinMessage: false) == 0)
        #expect(credit.consumed(100, isWithinMessage: false) == 10)
    }

    @Test func aPartBehindAWholeMessageWaitsForIt() {
        var credit = StreamCredit()
        credit.completed(100)
        #expect(credit.received(140, isWithinMessage: true) == 0)
        #expect(credit.received(10, isWithinMessage: true) == 0)
        // With the message goes what there is of the next one.
        #expect(credit.consumed(100, isWithinMessage: true) == 150)
        credit.completed(80)
        #expect(credit.received(30, isWithinMessage: false) == 0)
        #expect(credit.consumed(80, isWithinMessage: false) == 30)
    }

    @Test func whatIsGivenBackIsInTheEndWhatArrived() {
        let seed = UInt64.random(in: .min ... .max)
        var generator = SeededGenerator(seed: seed)
        var credit = StreamCredit()
        var waiting: [Int] = []
        var (arrived, returned, missing) = (0, 0, 0)
        for _ in 0..<10_000 {
            if Bool.random(using: &generator), let message = waiting.first {
                waiting.removeFirst()
                returned += credit.consumed(message, isWithinMessage: missing > 0)
            } else if missing > 0 {
                // The rest of a message.
                credit.completed(1000)
                waiting.append(1000)
                arrived += missing
                let rest = missing
                missing = 0
                returned += credit.received(rest, isWithinMessage: false)
            } else {
                let part = Int.random(in: 1..<1000, using: &generator)
                missing = 1000 - part
                arrived += part
                returned += credit.received(part, isWithinMessage: true)
            }
            // Never more than arrived, and what is kept is bounded by what waits and one part.
            #expect(returned <= arrived, "seed \(seed)")
            #expect(arrived - returned <= (waiting.count + 1) * 1000, "seed \(seed)")
        }
        for message in waiting {
            returned += credit.consumed(message, isWithinMessage: missing > 0)
        }
        #expect(returned == arrived, "seed \(seed)")
    }
}
