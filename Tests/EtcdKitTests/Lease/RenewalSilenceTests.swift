// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct RenewalSilenceTests {
    private static let start = ContinuousClock.now

    private static func at(_ milliseconds: Int) -> ContinuousClock.Instant {
        self.start + .milliseconds(milliseconds)
    }

    @Test
    func aReplacementHasTwiceTheTime() {
        var silence = RenewalSilence(now: Self.at(0))
        var now = 0
        for limit in [250, 500, 1000, 2000, 4000, 4000] {
            silence.opened(at: Self.at(now))
            let sentAt = Self.at(now)
            #expect(silence.isTooLong(sentAt: sentAt, at: Self.at(now + limit - 1)) == false)
            #expect(silence.isTooLong(sentAt: sentAt, at: Self.at(now + limit)) == true)
            now += limit
        }
    }

    @Test
    func anAnswerToAnotherRenewalIsAsGood() {
        var silence = RenewalSilence(now: Self.at(0))
        silence.answered(sentAt: Self.at(900), at: Self.at(1000))
        #expect(silence.isTooLong(sentAt: Self.at(100), at: Self.at(1249)) == false)
        #expect(silence.isTooLong(sentAt: Self.at(100), at: Self.at(1250)) == true)
    }

    @Test
    func slowAnswersHaveTwiceTheTimeOfTheLastOne() {
        var silence = RenewalSilence(now: Self.at(0))
        silence.answered(sentAt: Self.at(0), at: Self.at(600))
        #expect(silence.isTooLong(sentAt: Self.at(1000), at: Self.at(2199)) == false)
        #expect(silence.isTooLong(sentAt: Self.at(1000), at: Self.at(2200)) == true)
        silence.answered(sentAt: Self.at(2200), at: Self.at(2210))
        #expect(silence.isTooLong(sentAt: Self.at(3000), at: Self.at(3250)) == true)
    }
}
