// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import Testing

struct AnswerPatienceTests {
    private let start = ContinuousClock.now

    @Test
    func aLateAnswerMakesPatientForAWhile() {
        var patience = AnswerPatience(longest: .seconds(4))
        #expect(patience.current(now: self.start) == .zero)
        patience.wasAnswered(after: .milliseconds(800), now: self.start)
        #expect(patience.current(now: self.start + .seconds(29)) == .milliseconds(1600))
        #expect(patience.current(now: self.start + .seconds(30)) == .zero)
    }

    @Test
    func theLatestAnswerCountsAndNoneBeyondTheBound() {
        var patience = AnswerPatience(longest: .seconds(4))
        patience.wasAnswered(after: .seconds(3), now: self.start)
        #expect(patience.current(now: self.start) == .seconds(4))
        patience.wasAnswered(after: .seconds(1), now: self.start + .seconds(20))
        #expect(patience.current(now: self.start + .seconds(49)) == .seconds(4))
        patience.wasAnswered(after: .seconds(1), now: self.start + .seconds(60))
        #expect(patience.current(now: self.start + .seconds(60)) == .seconds(2))
    }

    @Test
    func theFactorOfPingsGrowsWhenToldSoAndShrinksWithTheHours() {
        var factor = PingFactor(now: self.start)
        for _ in 0..<10 { factor.grow(now: self.start) }
        #expect(factor.value(now: self.start) == 64)
        #expect(factor.value(now: self.start + .seconds(3600)) == 32)
        #expect(factor.value(now: self.start + .seconds(1_000_000)) == 1)
        factor.grow(now: self.start + .seconds(7200))
        #expect(factor.value(now: self.start + .seconds(7200)) == 32)
    }
}
