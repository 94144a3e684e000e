// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import Testing

/// Transcripts: what happens, and what the machine says to do about it.
struct TokenStateMachineTests {
    @Test
    func oneRequestServesAllWhoWait() {
        var machine = TokenStateMachine(hasCredentials: true)
        #expect(machine.request(1) == .fetch)
        #expect(machine.request(2) == .wait)
        machine.waiterLeft(1)
        #expect(machine.obtained() == .serve([2], generation: 1))
        #expect(machine.request(3) == .use)
        #expect(machine.obtained() == .ignore)
    }

    @Test
    func aRejectedTokenIsReplacedOnce() {
        var machine = TokenStateMachine(hasCredentials: true)
        _ = machine.request(1)
        _ = machine.obtained()
        #expect(machine.rejected(1) == .forget)
        #expect(machine.rejected(1) == .ignore)
        #expect(machine.request(2) == .fetch)
        #expect(machine.rejected(1) == .ignore)
        #expect(machine.obtained() == .serve([2], generation: 2))
        // A call that was under way with the old token comes back late.
        #expect(machine.rejected(1) == .ignore)
        #expect(machine.request(3) == .use)
    }

    @Test
    func aFailureIsToldToAllAndTheNextCallerTriesAgain() {
        var machine = TokenStateMachine(hasCredentials: true)
        _ = machine.request(1)
        _ = machine.request(2)
        #expect(machine.failed() == .fail([1, 2]))
        #expect(machine.failed() == .fail([]))
        #expect(machine.request(3) == .fetch)
    }

    @Test
    func withoutCredentialsThereIsNothingToFetch() {
        var machine = TokenStateMachine(hasCredentials: false)
        #expect(machine.request(1) == .use)
        #expect(machine.rejected(0) == .ignore)
        #expect(machine.request(2) == .use)
    }
}
