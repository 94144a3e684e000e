// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

private typealias Reading = MirrorStateMachine.Reading

@Suite
struct MirrorStateMachineTests {
    private static func page(
        _ keyValues: [EtcdKeyValue],
        at revision: EtcdRevision,
        more: Bool = false
    ) -> EtcdPage {
        EtcdPage(revision: revision, keyValues: keyValues, isLast: !more)
    }

    /// A machine that watches; its consumer has `a` and `b` at revision 5.
    private static func watching() -> MirrorStateMachine {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        _ = machine.received(page: self.page([.written("a", at: 3), .written("b", at: 4)], at: 5))
        machine.watchOpened()
        return machine
    }

    @Test
    func aSnapshotIsReadInPagesAtTheRevisionOfTheFirst() {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        #expect(machine.step == .read(Reading(keysOnly: false)))
        #expect(
            machine.received(page: Self.page([.written("a", at: 3)], at: 5, more: true))
                == .deliver(EtcdChangeBatch(kind: .snapshot, events: [.putting("a", at: 3)]))
        )
        #expect(machine.step == .read(Reading(after: "a", revision: 5, keysOnly: false)))
        #expect(
            machine.received(page: Self.page([.written("b", at: 4)], at: 5))
                == .deliver(
                    EtcdChangeBatch(
                        kind: .snapshot,
                        events: [.putting("b", at: 4)],
                        bookmark: 5
                    )
                )
        )
        #expect(machine.step == .watch(from: 5))
        machine.watchOpened()
        #expect(machine.step == .receive)
    }

    @Test
    func anEmptyRangeIsASnapshotWithoutEvents() {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        #expect(
            machine.received(page: Self.page([], at: 5))
                == .deliver(EtcdChangeBatch(kind: .snapshot, bookmark: 5))
        )
    }

    @Test
    func whatTheSnapshotHadIsNotDeliveredAgain() {
        var machine = Self.watching()
        let batch = EtcdWatchBatch(
            kind: .events,
            header: .at(9),
            events: [.putting("a", at: 5), .putting("b", at: 6), .deleting("a", at: 7)]
        )
        #expect(
            machine.received(batch)
                == EtcdChangeBatch(
                    kind: .changes,
                    events: [.putting("b", at: 6), .deleting("a", at: 7)],
                    bookmark: 7
                )
        )
        #expect(machine.received(EtcdWatchBatch(kind: .progress, header: .at(7))) == nil)
        #expect(
            machine.received(EtcdWatchBatch(kind: .progress, header: .at(8)))
                == EtcdChangeBatch(kind: .progress, bookmark: 8)
        )
    }

    @Test
    func lostHistoryIsMadeGoodByTheDifference() {
        var machine = Self.watching()
        #expect(machine.watchFailed(.compacted) == .goOn)
        #expect(machine.step == .read(Reading(keysOnly: false)))
        let listing = Self.page([.written("b", at: 4), .written("c", at: 15)], at: 20)
        #expect(
            machine.received(page: listing)
                == .deliver(
                    EtcdChangeBatch(
                        kind: .relisting,
                        events: [
                            .putting("c", at: 15), .deleting("a", at: 20, isSynthetic: true),
                        ],
                        bookmark: 20
                    )
                )
        )
        #expect(machine.step == .watch(from: 20))
    }

    @Test
    func aListingThatIsOvertakenByACompactionIsBegunAnew() {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        _ = machine.received(page: Self.page([.written("a", at: 3)], at: 5, more: true))
        #expect(machine.readFailed(.compacted) == .goOnLater)
        #expect(machine.step == .read(Reading(keysOnly: false)))
        // The snapshot's first page was delivered, so what follows is a difference to it.
        #expect(
            machine.received(page: Self.page([.written("b", at: 4)], at: 9))
                == .deliver(
                    EtcdChangeBatch(
                        kind: .relisting,
                        events: [.putting("b", at: 4), .deleting("a", at: 9, isSynthetic: true)],
                        bookmark: 9
                    )
                )
        )
    }

    @Test
    func endlessCompactionsEndTheMirror() {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        for _ in 0..<8 {
            _ = machine.received(page: Self.page([.written("a", at: 3)], at: 5, more: true))
            #expect(machine.readFailed(.compacted) == .goOnLater)
        }
        #expect(machine.readFailed(.compacted) == .fail)
        #expect(machine.step == .stop)
    }

    @Test
    func anInterruptedListingGoesOnAtItsRevision() {
        var machine = Self.watching()
        _ = machine.watchFailed(.compacted)
        _ = machine.received(page: Self.page([.written("a", at: 3)], at: 20, more: true))
        #expect(machine.readFailed(.other(isPassing: true)) == .goOnLater)
        #expect(machine.step == .read(Reading(after: "a", revision: 20, keysOnly: false)))
        // Of the first page nothing is lost: a is not taken for vanished.
        #expect(
            machine.received(page: Self.page([.written("b", at: 4)], at: 20))
                == .deliver(EtcdChangeBatch(kind: .relisting, bookmark: 20))
        )
    }

    @Test
    func aKeyTooLargeToReadEndsTheMirror() {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        #expect(machine.readFailed(.tooLarge) == .fail)
        #expect(machine.step == .stop)
    }

    @Test
    func aBookmarkIsContinuedFromOnceTheKeysAreKnown() {
        var machine = MirrorStateMachine(bookmark: 5, keepsValues: false)
        #expect(machine.step == .read(Reading(revision: 5, keysOnly: true)))
        let first = Self.page([.written("a", at: 3)], at: 5, more: true)
        #expect(machine.received(page: first) == .none)
        #expect(machine.step == .read(Reading(after: "a", revision: 5, keysOnly: true)))
        #expect(machine.received(page: Self.page([.written("b", at: 4)], at: 5)) == .none)
        #expect(machine.step == .watch(from: 5))
        machine.watchOpened()
        _ = machine.watchFailed(.compacted)
        #expect(
            machine.received(page: Self.page([.written("b", at: 4)], at: 20))
                == .deliver(
                    EtcdChangeBatch(
                        kind: .relisting,
                        events: [.deleting("a", at: 20, isSynthetic: true)],
                        bookmark: 20
                    )
                )
        )
    }

    @Test
    func aBookmarkThatIsCompactedMakesTheConsumerBeginAnew() {
        var machine = MirrorStateMachine(bookmark: 5, keepsValues: false)
        #expect(machine.readFailed(.compacted) == .goOn)
        #expect(machine.step == .read(Reading(keysOnly: false)))
        #expect(
            machine.received(page: Self.page([.written("a", at: 3)], at: 9))
                == .deliver(
                    EtcdChangeBatch(kind: .snapshot, events: [.putting("a", at: 3)], bookmark: 9)
                )
        )
    }

    @Test
    func aStoreThatWentBackEndsTheMirror() {
        var machine = Self.watching()
        _ = machine.watchFailed(.compacted)
        #expect(machine.received(page: Self.page([], at: 4)) == .failBehind(4))
        #expect(machine.step == .stop)
    }

    @Test
    func passingFailuresAreWaitedOutOnceTheMirrorHasWorked() {
        var machine = MirrorStateMachine(bookmark: nil, keepsValues: false)
        #expect(machine.readFailed(.other(isPassing: true)) == .fail)

        machine = Self.watching()
        #expect(machine.watchFailed(.other(isPassing: true)) == .goOnLater)
        #expect(machine.step == .watch(from: 5))
        #expect(machine.watchFailed(.compacted) == .goOn)
        #expect(machine.readFailed(.other(isPassing: true)) == .goOnLater)
        #expect(machine.readFailed(.other(isPassing: false)) == .fail)
    }

    @Test
    func aRevisionTooLargeForTheWatchIsListed() {
        var machine = Self.watching()
        #expect(machine.watchFailed(.tooLarge) == .goOnLater)
        #expect(machine.step == .read(Reading(keysOnly: false)))
        _ = machine.received(page: Self.page([.written("a", at: 6)], at: 6))
        // Revision 6 may be the one that is too large.
        #expect(machine.step == .watch(from: 7))
        #expect(machine.watchFailed(.other(isPassing: true)) == .goOnLater)
        #expect(machine.step == .watch(from: 7))
        machine.watchOpened()
        let batch = EtcdWatchBatch(
            kind: .events,
            header: .at(8),
            events: [.putting("a", at: 8)]
        )
        #expect(machine.received(batch)?.bookmark == 8)
        #expect(machine.watchFailed(.other(isPassing: true)) == .goOnLater)
        #expect(machine.step == .watch(from: 8))
    }
}
