// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

private let one = WatchHandle(1)
private let two = WatchHandle(2)
private let three = WatchHandle(3)

@Suite
struct WatchStateMachineTests {
    @Test
    func theFirstWatchOpensTheStreamAndTheOthersShareIt() {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        #expect(machine.add(one, .from(4), seen: 0) == .openStream)
        #expect(machine.add(two, .fromNow, seen: 0) == .none)
        #expect(machine.streamOpened() == [.creating(1, from: 4), .creating(2)])
        #expect(machine.add(three, .fromNow, seen: 0) == .send(.creating(3)))
        #expect(machine.received(.created(1, at: 9)) == .acknowledged(one, revision: 9))
        #expect(machine.received(.created(2, at: 9)) == .acknowledged(two, revision: 9))
        #expect(
            machine.received(.events(2, 10))
                == .deliver(two, events: [.at(10)], revision: 10, byteCount: 10)
        )
        #expect(machine.received(.created(3, at: 10)) == .acknowledged(three, revision: 10))
    }

    @Test(arguments: [Int64(-1), 0, 2])
    func aRefusalBelongsToTheOldestCreationWhateverItsID(wireID: Int64) {
        var machine = WatchStateMachine.open()
        _ = machine.add(one, .fromNow, seen: 0)
        _ = machine.add(two, .fromNow, seen: 0)
        let reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied"
        _ = machine.received(.created(1, at: 5))
        #expect(
            machine.received(.refused(wireID, reason))
                == .finish(one, .cancelled(reason: "permission denied"), nil)
        )
        #expect(machine.received(.created(3, at: 5)) == .acknowledged(two, revision: 5))
    }

    @Test
    func notTooManyCreationsAreUnderWayAtATime() {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        for number in 1...250 { _ = machine.add(WatchHandle(number), .fromNow, seen: 0) }
        #expect(machine.streamOpened().count == 100)
        #expect(machine.add(WatchHandle(251), .fromNow, seen: 0) == .none)
        for wireID in Int64(1)...49 {
            _ = machine.received(.created(wireID, at: 9))
            #expect(machine.moreCreations() == [])
        }
        _ = machine.received(.created(50, at: 9))
        _ = machine.remove(WatchHandle(101))
        let more = machine.moreCreations()
        #expect(more == (101...150).map { .creating($0) })
        // The one that was removed has no ID: the next watch has it.
        _ = machine.received(.created(51, at: 9))
        #expect(machine.received(.events(51, 10)) != .ignore(.unknownWatch))
        // A stream that breaks takes along what was under way, and what waited.
        #expect(machine.streamClosed() == .openStream)
        #expect(machine.streamOpened().count == 100)
        for wireID in Int64(151)...250 { _ = machine.received(.created(wireID, at: 10)) }
        #expect(machine.moreCreations().count == 100)
    }

    @Test
    func aWatchRemovedBeforeItsAcknowledgementKeepsTheOrder() {
        var machine = WatchStateMachine.open()
        #expect(machine.received(.created(1, at: 5)) == .ignore(.unknownWatch))
        _ = machine.add(one, .fromNow, seen: 0)
        _ = machine.add(two, .fromNow, seen: 0)
        #expect(machine.remove(one) == .send(.cancelling(2)))
        #expect(machine.received(.created(2, at: 5)) == .ignore(.unknownWatch))
        #expect(machine.received(.created(3, at: 5)) == .acknowledged(two, revision: 5))
        #expect(machine.received(.cancelled(2)) == .ignore(.unknownWatch))
        #expect(machine.received(.events(2, 6)) == .ignore(.unknownWatch))
    }

    @Test(arguments: [Int64.min, -1, .max])
    func revisionsThatCannotBeCloseTheStream(revision: Int64) {
        let responses: [WatchResponse] = [
            .created(2, at: revision), .created(3, at: revision), .events(2, revision),
            .events(2, 6, revision, 7), .events(2, revision, fragment: true),
            .progress(2, at: revision), .progress(-1, at: revision),
            .compacted(2, at: revision),
        ]
        for response in responses {
            for seen in [Int64(0), 4] {
                var machine = WatchStateMachine.open()
                _ = machine.received(.created(1, at: 5))
                _ = machine.add(one, .fromNow, seen: seen)
                if response.watchID != 2 || !response.created {
                    _ = machine.received(.created(2, at: 5))
                    _ = machine.requestProgress(of: one)
                    _ = machine.add(two, .from(3), seen: seen)
                }
                let isClosing =
                    if case .closeStream = machine.received(response) { true } else { false }
                #expect(isClosing, "\(response)")
                // It is as if the response had not come.
                #expect(machine.streamClosed() == .openStream)
                #expect(machine.streamOpened().allSatisfy { $0.startRevision ?? 0 < 10 })
            }
        }
    }

    @Test
    func acknowledgementsOutOfOrderCloseTheStream() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        #expect(
            machine.received(.created(9, at: 5))
                == .closeStream(reason: "acknowledgement of a watch that was not asked for")
        )
        _ = machine.add(one, .fromNow, seen: 0)
        #expect(
            machine.received(.created(9, at: 5))
                == .closeStream(reason: "acknowledgements of watches out of order")
        )
    }

    @Test
    func afterABreakAWatchAsksForItsLastEventAgainAndContinuesBehindIt() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.received(.created(2, at: 9))
        _ = machine.received(.events(2, 4, 6))
        #expect(machine.streamClosed() == .openStream)
        #expect(machine.streamOpened() == [.creating(3, from: 6)])
        #expect(
            machine.received(.created(3, at: 9))
                == .resumed(one, revision: 9, wasInterrupted: true)
        )
        #expect(machine.received(.events(3, 6)) == .ignore(.stale))
        #expect(
            machine.received(.events(3, 6, 7))
                == .deliver(one, events: [.at(7)], revision: 7, byteCount: 10)
        )
    }

    @Test
    func anAcknowledgementDoesNotMoveAWatchThatReplaysHistory() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 50)
        _ = machine.received(.created(2, at: 90))
        #expect(machine.streamClosed() == .openStream)
        #expect(machine.streamOpened() == [.creating(3, from: 3)])
    }

    @Test
    func progressMovesAWatchButNotOneThatIsNotAcknowledged() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.add(two, .from(4), seen: 0)
        _ = machine.received(.created(2, at: 9))
        #expect(machine.received(.progress(2, at: 20)) == .progress([one], revision: 20))
        #expect(machine.received(.progress(2, at: 22)) == .progress([one], revision: 22))
        #expect(machine.received(.progress(2, at: 10)) == .ignore(.stale))
        #expect(machine.streamClosed() == .openStream)
        #expect(machine.streamOpened() == [.creating(4, from: 22), .creating(5, from: 4)])
    }

    @Test
    func aWatchOfTheFutureIsNotMovedByProgressBeforeIt() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(100), seen: 0)
        _ = machine.received(.created(2, at: 9))
        #expect(machine.received(.progress(2, at: 20)) == .ignore(.stale))
        #expect(machine.received(.events(2, 21)) == .ignore(.stale))
        _ = machine.streamClosed()
        #expect(machine.streamOpened() == [.creating(3, from: 100)])
    }

    @Test
    func aStreamThatCannotBeOpenedIsTriedAgainOnlyWhileSomebodyWatches() {
        var machine = WatchStateMachine(fragmentByteLimit: 100)
        #expect(machine.add(one, .fromNow, seen: 0) == .openStream)
        #expect(machine.streamClosed() == .openStream)
        #expect(machine.remove(one) == .none)
        #expect(machine.streamClosed() == .none)
        #expect(machine.streamOpened() == [])
        #expect(machine.add(two, .fromNow, seen: 0) == .openStream)
    }

    @Test
    func aServerThatCancelsOneWatchLeavesTheOthersAlone() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .fromNow, seen: 0)
        _ = machine.add(two, .fromNow, seen: 0)
        _ = machine.received(.created(2, at: 5))
        _ = machine.received(.created(3, at: 5))
        #expect(
            machine.received(.cancelled(2, "etcdserver: watch canceled"))
                == .finish(one, .cancelled(reason: "watch canceled"), nil)
        )
        #expect(
            machine.received(.events(3, 6))
                == .deliver(two, events: [.at(6)], revision: 6, byteCount: 10)
        )
    }

    @Test
    func compactionEndsAWatchAndNamesTheRevision() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.received(.created(2, at: 90))
        #expect(machine.received(.compacted(2, at: 70)) == .finish(one, .compacted(70), nil))
    }

    @Test
    func anotherClusterEndsAWatchThatHasAPast() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 0)
        _ = machine.received(.created(2, at: 9, cluster: 1))
        _ = machine.streamClosed()
        _ = machine.streamOpened()
        #expect(
            machine.received(.created(3, at: 9, cluster: 2))
                == .finish(one, .clusterChanged, .cancelling(3))
        )
    }

    @Test
    func nothingHappensAfterShutdown() {
        var machine = WatchStateMachine.open()
        _ = machine.received(.created(1, at: 5))
        _ = machine.add(one, .from(3), seen: 0)
        machine.shutDown()
        #expect(machine.add(two, .fromNow, seen: 0) == .refuse)
        #expect(machine.streamClosed() == .none)
        #expect(machine.all == [])
    }
}

extension WatchRequest {
    fileprivate var startRevision: Int64? {
        guard case .create(let creation) = self.request else { return nil }
        return creation.startRevision
    }
}
