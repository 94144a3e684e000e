// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

private let one = WatchHandle(1)

/// Where a watch from now on continues when its stream breaks before the first event.
@Suite
struct WatchResumptionFromNowTests {
    struct Case: Sendable {
        var seen: Int64
        var created: Int64
        var resumesAt: Int64
    }

    @Test(arguments: [
        // Nothing was known: the acknowledgement's own revision may belong to the watch.
        Case(seen: 0, created: 50, resumesAt: 50),
        // What happened after the last revision known may belong to it.
        Case(seen: 45, created: 50, resumesAt: 46),
        // It begins behind the acknowledgement's revision, which is asked for once more.
        Case(seen: 50, created: 50, resumesAt: 50),
        // The member lags behind what the client had seen elsewhere.
        Case(seen: 60, created: 50, resumesAt: 50),
        // Known long ago: says nothing about the moment of creation.
        Case(seen: 45, created: 5000, resumesAt: 5000),
    ])
    func itContinuesWhereItMayHaveBegun(example: Case) {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        #expect(machine.add(one, .fromNow, seen: example.seen) == .openStream)
        #expect(machine.streamOpened() == [.creating(1)])
        _ = machine.received(.created(1, at: example.created))
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2, from: example.resumesAt)])
    }

    @Test
    func itBeginsAnewIfItWasNotAcknowledged() {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        _ = machine.add(one, .fromNow, seen: 40)
        _ = machine.streamOpened()
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2)])
        #expect(machine.received(.created(2, at: 50)) == .acknowledged(one, revision: 50))
    }

    @Test
    func eventsBelowTheAcknowledgementAreDelivered() {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        _ = machine.add(one, .fromNow, seen: 0)
        _ = machine.streamOpened()
        _ = machine.received(.created(1, at: 50))
        #expect(
            machine.received(.events(1, 49))
                == .deliver(one, events: [.at(49)], revision: 49, byteCount: 10)
        )
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2, from: 49)])
    }

    @Test
    func compactionOfRevisionsThatWereOnlyCautionDoesNotEndIt() {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        _ = machine.add(one, .fromNow, seen: 30)
        _ = machine.streamOpened()
        _ = machine.received(.created(1, at: 50))
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(2, from: 31)])
        _ = machine.received(.created(2, at: 60))
        #expect(machine.received(.compacted(2, at: 45)) == .send(.creating(3, from: 50)))
        _ = machine.received(.created(3, at: 60))
        #expect(machine.received(.compacted(3, at: 55)) == .finish(one, .compacted(55), nil))
    }
}
