// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdTransport

@Suite struct ConnectionStateMachineTests {
    private typealias Machine = ConnectionStateMachine<String>

    @Test func plainConnectionBecomesReadyWithTheSettings() {
        var machine = Machine()
        #expect(machine.connect() == .resolve)
        #expect(machine.connect() == .wait)
        #expect(machine.resolved(["a"]) == .dial("a", isLast: true))
        #expect(machine.speaksHTTP2 == false)
        #expect(machine.dialed(usesTLS: false) == .startHTTP2)
        #expect(machine.speaksHTTP2 == true)
        #expect(machine.isEstablishing == true)
        #expect(machine.isReady == false)
        #expect(machine.receivedSettings() == .becomeReady)
        #expect(machine.isReady == true)
        #expect(machine.connect() == .succeed)
        // Settings may change at any time later.
        #expect(machine.receivedSettings() == .none)
    }

    @Test func tlsComesBeforeHTTP2() {
        var machine = Machine()
        #expect(machine.connect() == .resolve)
        #expect(machine.resolved(["a"]) == .dial("a", isLast: true))
        #expect(machine.dialed(usesTLS: true) == .startTLS)
        #expect(machine.phase == "in the TLS handshake")
        #expect(machine.receivedSettings() == .none)
        #expect(machine.secured() == .startHTTP2)
        #expect(machine.secured() == .none)
        #expect(machine.receivedSettings() == .becomeReady)
    }

    @Test func everyAddressIsTriedBeforeTheConnectionFails() {
        var machine = Machine()
        #expect(machine.connect() == .resolve)
        #expect(machine.resolved(["a", "b", "c"]) == .dial("a", isLast: false))
        #expect(machine.dialFailed(.refused) == .dial("b", isLast: false))
        #expect(machine.dialFailed(.timedOut(phase: "connecting")) == .dial("c", isLast: true))
        #expect(machine.dialFailed(.refused) == .close(.refused))
        #expect(machine.connect() == .fail(.refused))
        #expect(machine.dialFailed(.refused) == .none)
    }

    @Test func aNameWithoutAddressesFails() {
        var machine = Machine()
        #expect(machine.connect() == .resolve)
        #expect(machine.resolved([]) == .close(.unreachable("the name has no address")))
    }

    @Test func whatEndsAConnectionThatWasLeftIsToldToItsCalls() {
        var machine = self.ready()
        #expect(machine.drain(.left, hasCalls: true) == .drain)
        #expect(machine.fail(.keepAliveTimeout) == .close(.keepAliveTimeout))
        #expect(machine.failure == .keepAliveTimeout)
    }

    @Test func theFirstFailureStays() {
        var machine = Machine()
        #expect(machine.connect() == .resolve)
        let timeout = ConnectionFailure.timedOut(phase: "resolving the name")
        #expect(machine.fail(timeout) == .close(timeout))
        #expect(machine.fail(.closedLocally) == .none)
        #expect(machine.resolved(["a"]) == .none)
        #expect(machine.failure == timeout)
        #expect(machine.connect() == .fail(timeout))
    }

    private func ready() -> Machine {
        var machine = Machine()
        _ = machine.connect()
        _ = machine.resolved(["a"])
        _ = machine.dialed(usesTLS: false)
        _ = machine.receivedSettings()
        return machine
    }

    private static let goAway = ConnectionFailure.goAway(code: 0, message: "")

    @Test func goAwayLetsRunningCallsEnd() {
        var machine = self.ready()
        #expect(machine.drain(Self.goAway, hasCalls: true) == .drain)
        #expect(machine.isReady == false)
        #expect(machine.connect() == .fail(Self.goAway))
        #expect(machine.drain(Self.goAway, hasCalls: true) == .none)
        #expect(machine.callsEnded() == .close(Self.goAway))
        #expect(machine.callsEnded() == .none)
    }

    @Test func goAwayWithoutCallsClosesAtOnce() {
        var machine = self.ready()
        #expect(machine.callsEnded() == .none)
        #expect(machine.drain(Self.goAway, hasCalls: false) == .close(Self.goAway))
    }

    @Test func aLossWhileDrainingKeepsTheReason() {
        var machine = self.ready()
        #expect(machine.drain(Self.goAway, hasCalls: true) == .drain)
        #expect(machine.fail(.closedByPeer(phase: "in use")) == .close(Self.goAway))
    }
}
