// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

struct EndpointLedgerTests {
    private static let start = ContinuousClock.now
    private let now = Self.start

    @Test func firstFailureAndRecoveryAreNews() {
        var ledger = EndpointLedger()
        #expect(ledger.connected("a", at: now) == .none)
        #expect(ledger.ended("a", "reset", at: now) == .lost)
        #expect(ledger.failed("a", "refused", at: now) == .none)
        #expect(ledger.failed("a", "refused", at: now) == .none)
        #expect(ledger.connected("a", at: now) == .restored)
        #expect(ledger.connected("a", at: now) == .none)
        #expect(ledger.entries["a"]?.connections == 2)
        #expect(ledger.entries["a"]?.connectCount == 3)
    }

    @Test func endpointThatNeverWorkedIsNews() {
        var ledger = EndpointLedger()
        #expect(ledger.failed("a", "refused", at: now) == .unreachable)
        #expect(ledger.failed("b", "refused", at: now) == .unreachable)
        #expect(ledger.connected("b", at: now) == .restored)
        #expect(ledger.failed("a", "refused", at: now) == .none)
    }

    @Test func ownDecisionsAreNoFailures() {
        var ledger = EndpointLedger()
        #expect(ledger.connected("a", at: now) == .none)
        #expect(ledger.ended("a", nil, at: now) == .none)
        #expect(ledger.entries["a"]?.isFailing == false)
        #expect(ledger.entries["a"]?.connections == 0)
        #expect(ledger.entries["a"]?.lastFailure == nil)
    }

    @Test func lastFailureStaysAfterTheRecovery() {
        var ledger = EndpointLedger()
        _ = ledger.failed("a", "refused", at: now)
        _ = ledger.failed("a", "timed out", at: now + .seconds(1))
        _ = ledger.connected("a", at: now + .seconds(2))
        let failure = ledger.entries["a"]?.lastFailure
        #expect(failure == .init(reason: "timed out", at: now + .seconds(1)))
    }

    @Test func endpointsThatAreNotUsedAnyMoreAreForgotten() {
        var ledger = EndpointLedger()
        _ = ledger.connected("kept", at: now)
        for number in 0..<1000 {
            _ = ledger.failed("\(number)", "refused", at: now + .seconds(number))
        }
        #expect(ledger.entries.count == 256)
        #expect(ledger.entries["kept"] != nil)
        #expect(ledger.entries["999"] != nil)
        #expect(ledger.entries["0"] == nil)
    }
}
