// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import Testing

/// Transcripts: what happens, and what the machine says to do about it.
struct TokenStateMachineTests {
    private let start = ContinuousClock.now

    /// So many milliseconds after the beginning.
    private func at(_ milliseconds: Int) -> ContinuousClock.Instant {
        self.start + .milliseconds(milliseconds)
    }

    @Test
    func oneRequestServesAllWhoWait() {
        var machine = TokenStateMachine(canFetch: true)
        #expect(machine.request(1, now: self.start) == .fetch(1, pause: .zero))
        #expect(machine.request(2, now: self.start) == .wait)
        machine.waiterLeft(1)
        #expect(machine.obtained(1, now: self.start) == .serve([2], generation: 1))
        #expect(machine.request(3, now: self.start) == .use)
        #expect(machine.obtained(1, now: self.start) == .ignore)
    }

    @Test
    func aRejectedTokenIsReplacedOnce() {
        var machine = TokenStateMachine(canFetch: true)
        _ = machine.request(1, now: self.start)
        _ = machine.obtained(1, now: self.start)
        #expect(machine.rejected(1, now: self.at(1000)) == .forget)
        #expect(machine.rejected(1, now: self.at(1000)) == .ignore)
        #expect(machine.request(2, now: self.at(1000)) == .fetch(2, pause: .zero))
        #expect(machine.rejected(1, now: self.at(1000)) == .ignore)
        #expect(machine.obtained(2, now: self.at(1000)) == .serve([2], generation: 2))
        // A call that was under way with the old token comes back late.
        #expect(machine.rejected(1, now: self.at(1000)) == .ignore)
        #expect(machine.request(3, now: self.at(1000)) == .use)
    }

    @Test
    func tokensThatDoNotLastAreReplacedEverMoreSlowly() {
        var machine = TokenStateMachine(canFetch: true)
        _ = machine.request(1, now: self.start)
        var pauses: [Int] = []
        for round in 1...7 {
            _ = machine.obtained(round, now: self.start)
            _ = machine.rejected(UInt64(round), now: self.at(999))
            guard case .fetch(_, let pause) = machine.request(round, now: self.start) else {
                Issue.record("no token is asked for")
                return
            }
            pauses.append(Int(pause / .milliseconds(1)))
        }
        #expect(pauses == [50, 100, 200, 400, 800, 1000, 1000])
        // One that served for a second ends that.
        _ = machine.obtained(8, now: self.start)
        _ = machine.rejected(8, now: self.at(1000))
        #expect(machine.request(8, now: self.at(1000)) == .fetch(9, pause: .zero))
    }

    @Test
    func whatMayHelpLaterIsTriedAgainAfterAPause() {
        var machine = TokenStateMachine(canFetch: true)
        _ = machine.request(1, now: self.start)
        _ = machine.request(2, now: self.start)
        let failed = machine.failed(1, isFinal: false, now: self.start, jitter: 1)
        #expect(failed == .fail([1, 2]))
        #expect(machine.failed(1, isFinal: false, now: self.start, jitter: 1) == .ignore)
        let again = machine.request(3, now: self.start)
        #expect(again == .fetch(2, pause: .milliseconds(50)))
    }

    @Test
    func whoeverWasRefusedIsNotAskedForAgainForAWhile() {
        var machine = TokenStateMachine(canFetch: true)
        _ = machine.request(1, now: self.start)
        #expect(machine.failed(1, isFinal: true, now: self.start, jitter: 1) == .fail([1]))
        #expect(machine.request(2, now: self.at(99)) == .refuse)
        #expect(machine.request(3, now: self.at(100)) == .fetch(2, pause: .zero))
        // Longer the next time; at least for half of it.
        #expect(machine.failed(2, isFinal: true, now: self.at(100), jitter: 0) == .fail([3]))
        #expect(machine.request(4, now: self.at(199)) == .refuse)
        #expect(machine.request(5, now: self.at(200)) == .fetch(3, pause: .zero))
        // Whoever was let in begins anew.
        _ = machine.obtained(3, now: self.at(200))
        _ = machine.rejected(1, now: self.at(5000))
        #expect(machine.request(6, now: self.at(5000)) == .fetch(4, pause: .zero))
        _ = machine.failed(4, isFinal: true, now: self.at(5000), jitter: 1)
        #expect(machine.request(7, now: self.at(5100)) == .fetch(5, pause: .zero))
    }

    @Test
    func otherCredentialsEndWhatWasBegunWithTheOld() {
        var machine = TokenStateMachine(canFetch: true)
        _ = machine.request(1, now: self.start)
        #expect(machine.replaced(canFetch: true) == .fetch(2))
        // The token of the old ones comes late.
        #expect(machine.obtained(1, now: self.start) == .ignore)
        #expect(machine.failed(1, isFinal: true, now: self.start, jitter: 1) == .ignore)
        #expect(machine.obtained(2, now: self.start) == .serve([1], generation: 1))
        #expect(machine.replaced(canFetch: true) == .none)
        #expect(machine.request(2, now: self.start) == .fetch(3, pause: .zero))
        #expect(machine.replaced(canFetch: false) == .settle([2], generation: 2))
        #expect(machine.request(3, now: self.start) == .use)
        #expect(machine.obtained(3, now: self.start) == .ignore)
        // A refusal of the old ones does not stand in the way of the new ones.
        _ = machine.replaced(canFetch: true)
        _ = machine.request(4, now: self.start)
        _ = machine.failed(4, isFinal: true, now: self.start, jitter: 1)
        #expect(machine.request(5, now: self.start) == .refuse)
        #expect(machine.replaced(canFetch: true) == .none)
        #expect(machine.request(6, now: self.start) == .fetch(5, pause: .zero))
    }

    @Test
    func withoutCredentialsThereIsNothingToFetch() {
        var machine = TokenStateMachine(canFetch: false)
        let canFetch = machine.canFetch
        #expect(!canFetch)
        #expect(machine.request(1, now: self.start) == .use)
        #expect(machine.rejected(0, now: self.start) == .ignore)
        #expect(machine.request(2, now: self.start) == .use)
    }
}
