// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

private let one = WatchHandle(1)

@Suite
struct WatchSuspensionTests {
    private static func live() -> WatchStateMachine {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.streamOpened()
        _ = machine.received(.created(1, at: 9))
        _ = machine.received(.events(1, 4))
        return machine
    }

    @Test
    func aSuspendedWatchContinuesUnderANewID() {
        var machine = Self.live()
        #expect(machine.suspend(one) == .send(.cancelling(1)))
        #expect(machine.received(.events(1, 5)) == .ignore(.unknownWatch))
        #expect(machine.received(.cancelled(1)) == .ignore(.unknownWatch))
        #expect(machine.proceed(one) == .send(.creating(2, from: 4)))
        #expect(machine.proceed(one) == .none)
        #expect(
            machine.received(.created(2, at: 9))
                == .resumed(one, revision: 9, wasInterrupted: false)
        )
    }

    @Test
    func aSuspendedWatchNeedsNoStream() {
        var machine = Self.live()
        _ = machine.suspend(one)
        #expect(machine.streamClosed() == .none)
        #expect(machine.proceed(one) == .openStream)
        #expect(machine.streamOpened() == [.creating(2, from: 4)])
    }

    @Test
    func aSuspendedWatchCanBeRemoved() {
        var machine = Self.live()
        _ = machine.suspend(one)
        #expect(machine.remove(one) == .none)
        #expect(machine.proceed(one) == .none)
    }
}
