// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct StreamSilenceTests {
    private static let start = ContinuousClock.now

    private static func at(_ seconds: Int) -> ContinuousClock.Instant {
        self.start + .seconds(seconds)
    }

    private static func silence() -> StreamSilence {
        StreamSilence(limit: .seconds(4), now: Self.at(0))
    }

    @Test
    func onlySilenceIsAskedAbout() {
        var silence = Self.silence()
        #expect(silence.nextLook(share: 1) == Self.at(4))
        #expect(silence.nextLook(share: 0.75) == Self.at(3))
        silence.heard(at: Self.at(3))
        #expect(silence.isToAsk(at: Self.at(4), share: 1) == false)
        #expect(silence.nextLook(share: 1) == Self.at(7))
        #expect(silence.isToAsk(at: Self.at(7), share: 1) == true)
        silence.answered(at: Self.at(8))
        #expect(silence.nextLook(share: 1) == Self.at(12))
    }

    @Test
    func aMemberThatFailsIsLeftAndIfTheNextOneFailsTooThePausesDouble() {
        var silence = Self.silence()
        #expect(silence.isToAsk(at: Self.at(4), share: 1) == true)
        #expect(silence.failed(at: Self.at(5)) == true)
        // The stream to the next one.
        silence.heard(at: Self.at(6))
        #expect(silence.nextLook(share: 1) == Self.at(10))
        #expect(silence.isToAsk(at: Self.at(10), share: 1) == true)
        #expect(silence.failed(at: Self.at(11)) == true)
        #expect(silence.nextLook(share: 1) == Self.at(19))
        #expect(silence.isToAsk(at: Self.at(19), share: 1) == true)
        silence.answered(at: Self.at(19))
        #expect(silence.nextLook(share: 1) == Self.at(23))
        #expect(silence.isToAsk(at: Self.at(23), share: 1) == true)
        #expect(silence.failed(at: Self.at(24)) == true)
        #expect(silence.nextLook(share: 1) == Self.at(28))
    }

    @Test
    func thePausesHaveALimit() {
        var silence = Self.silence()
        for round in 1...20 {
            #expect(silence.isToAsk(at: Self.at(100 * round), share: 1) == true)
            #expect(silence.failed(at: Self.at(100 * round + 1)) == true)
        }
        #expect(silence.nextLook(share: 1) == Self.at(2001 + 60))
    }

    @Test
    func aStreamThatBroughtSomethingMeanwhileIsKept() {
        var silence = Self.silence()
        #expect(silence.isToAsk(at: Self.at(4), share: 1) == true)
        silence.heard(at: Self.at(5))
        #expect(silence.failed(at: Self.at(6)) == false)
        #expect(silence.nextLook(share: 1) == Self.at(9))
    }

    @Test
    func eventsProveAsMuchAsAnAnswer() {
        var silence = Self.silence()
        for round in 1...5 {
            #expect(silence.isToAsk(at: Self.at(100 * round), share: 1) == true)
            #expect(silence.failed(at: Self.at(100 * round + 1)) == true)
        }
        silence.heard(at: Self.at(510))
        silence.delivered(inAll: 0)
        #expect(silence.nextLook(share: 1) == Self.at(510 + 60))
        // Soon enough to see what has come.
        #expect(silence.nextCheck(after: Self.at(510), share: 1) == Self.at(514))
        silence.delivered(inAll: 1)
        #expect(silence.nextLook(share: 1) == Self.at(514))
        // One that fails now is the first again, and the next one is not.
        #expect(silence.isToAsk(at: Self.at(514), share: 1) == true)
        #expect(silence.failed(at: Self.at(515)) == true)
        #expect(silence.nextLook(share: 1) == Self.at(519))
        silence.delivered(inAll: 1)
        #expect(silence.isToAsk(at: Self.at(519), share: 1) == true)
        #expect(silence.failed(at: Self.at(520)) == true)
        #expect(silence.nextLook(share: 1) == Self.at(528))
    }
}
