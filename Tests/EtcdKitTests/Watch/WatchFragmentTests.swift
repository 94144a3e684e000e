// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

private let one = WatchHandle(1)

@Suite
struct WatchFragmentTests {
    private static func live() -> WatchStateMachine {
        var machine = WatchStateMachine(fragmentByteLimit: 25)
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.streamOpened()
        _ = machine.received(.created(1, at: 9))
        return machine
    }

    @Test
    func fragmentsAreJoined() {
        var machine = Self.live()
        #expect(machine.received(.events(1, 4, 4, fragment: true)) == .ignore(.fragment))
        #expect(
            machine.received(.events(1, 4))
                == .deliver(
                    one,
                    events: [.at(4), .at(4), .at(4)],
                    revision: 4,
                    byteCount: 20
                )
        )
        #expect(
            machine.received(.events(1, 5))
                == .deliver(one, events: [.at(5)], revision: 5, byteCount: 10)
        )
    }

    @Test
    func revisionsThatAreCompleteDoNotWaitForTheRest() {
        var machine = Self.live()
        #expect(
            machine.received(.events(1, 4, 5, 6, fragment: true))
                == .deliver(one, events: [.at(4), .at(5)], revision: 6, byteCount: 9)
        )
        #expect(machine.received(.events(1, 6, 6, fragment: true)) == .ignore(.fragment))
        // Broken here, revision 6 begins anew.
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2, from: 5)])
        _ = machine.received(.created(2, at: 9))
        #expect(machine.received(.events(2, 5, 6, 6, fragment: true)) == .ignore(.stale))
        #expect(
            machine.received(.events(2, 6, 7))
                == .deliver(
                    one,
                    events: [.at(6), .at(6), .at(6), .at(7)],
                    revision: 7,
                    byteCount: 12
                )
        )
    }

    @Test
    func halfARevisionIsThrownAwayWhenTheStreamBreaks() {
        var machine = Self.live()
        _ = machine.received(.events(1, 4, fragment: true))
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2, from: 3)])
        _ = machine.received(.created(2, at: 9))
        _ = machine.received(.events(2, 4, fragment: true))
        #expect(
            machine.received(.events(2, 4))
                == .deliver(one, events: [.at(4), .at(4)], revision: 4, byteCount: 20)
        )
    }

    @Test
    func progressDoesNotPassAnUnfinishedRevision() {
        var machine = Self.live()
        _ = machine.requestProgress(of: one)
        _ = machine.received(.events(1, 4, fragment: true))
        #expect(machine.received(.progress(-1, at: 12)) == .ignore(.stale))
        #expect(
            machine.received(.events(1, 4))
                == .deliver(one, events: [.at(4), .at(4)], revision: 4, byteCount: 20)
        )
    }

    @Test
    func fragmentsWithoutEndEndTheWatch() {
        var machine = Self.live()
        _ = machine.received(.events(1, 4, fragment: true))
        _ = machine.received(.events(1, 4, fragment: true))
        #expect(
            machine.received(.events(1, 4, fragment: true))
                == .finish(one, .tooLarge(limit: 25), .cancelling(1))
        )
    }
}
