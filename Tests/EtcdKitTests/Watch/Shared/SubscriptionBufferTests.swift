// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

@testable import EtcdKit

@Suite
struct SubscriptionBufferTests {
    private static func buffer(
        _ policy: EtcdSubscriptionOptions.OverflowPolicy,
        of range: EtcdKeyRange = .all,
        limit: Int = 2
    ) -> SubscriptionBuffer {
        SubscriptionBuffer(
            range: range,
            position: 1,
            policy: policy,
            eventLimit: limit,
            byteLimit: 1000
        )
    }

    private static func batch(_ events: EtcdEvent...) -> EtcdChangeBatch {
        EtcdChangeBatch(kind: .changes, events: events, bookmark: events.last?.revision)
    }

    @Test
    func whatIsOutsideOfTheRangeOnlyMovesThePosition() {
        var buffer = Self.buffer(.fail, of: .prefix("a"))
        #expect(buffer.add(Self.batch(.putting("b", at: 2))) == .none)
        #expect(buffer.position == 2)
        #expect(buffer.take() == nil)
        #expect(buffer.add(Self.batch(.putting("a", at: 3), .putting("b", at: 4))) == .kept)
        #expect(buffer.add(Self.batch(.putting("b", at: 5))) == .none)
        let expected = EtcdChangeBatch(
            kind: .changes,
            events: [.putting("a", at: 3)],
            bookmark: 5
        )
        #expect(buffer.take() == expected)
    }

    @Test
    func progressNeverFillsTheBuffer() {
        var buffer = Self.buffer(.fail)
        for revision in Int64(2)...20 {
            _ = buffer.add(EtcdChangeBatch(kind: .progress, bookmark: EtcdRevision(revision)))
        }
        #expect(buffer.take() == EtcdChangeBatch(kind: .progress, bookmark: 20))
        #expect(buffer.take() == nil)
    }

    @Test
    func aFullBufferFailsAndKeepsWhatIsInIt() {
        var buffer = Self.buffer(.fail)
        #expect(buffer.add(Self.batch(.putting("a", at: 2))) == .kept)
        #expect(buffer.add(Self.batch(.putting("a", at: 3))) == .kept)
        #expect(buffer.add(Self.batch(.putting("a", at: 4))) == .fail)
        #expect(buffer.add(Self.batch(.putting("a", at: 5))) == .none)
        #expect(buffer.take()?.bookmark == 2)
        #expect(buffer.take()?.bookmark == 3)
        #expect(buffer.take() == nil)
    }

    @Test
    func aFullBufferDetachesWhereItIs() {
        var buffer = Self.buffer(.detach)
        _ = buffer.add(Self.batch(.putting("a", at: 2)))
        _ = buffer.add(Self.batch(.putting("a", at: 3)))
        #expect(buffer.add(Self.batch(.putting("a", at: 4))) == .detach)
        #expect(buffer.position == 3)
        #expect(buffer.isClosed)
    }

    @Test
    func oneBatchMayBeLargerThanTheLimit() {
        var buffer = Self.buffer(.fail)
        let large = Self.batch(
            .putting("a", at: 2),
            .putting("b", at: 2),
            .putting("c", at: 2)
        )
        #expect(buffer.add(large) == .kept)
        #expect(buffer.add(Self.batch(.putting("a", at: 3))) == .fail)
        #expect(buffer.take() == large)
    }

    @Test(arguments: [EtcdSubscriptionOptions.OverflowPolicy.fail, .detach, .coalesce])
    func progressThatWasNotReadLeavesRoomForOneLargeBatch(
        policy: EtcdSubscriptionOptions.OverflowPolicy
    ) {
        var buffer = Self.buffer(policy)
        let progress = EtcdChangeBatch(kind: .progress, bookmark: 2)
        let large = Self.batch(
            .putting("a", at: 3),
            .putting("b", at: 3),
            .putting("c", at: 3)
        )
        #expect(buffer.add(progress) == .kept)
        #expect(buffer.add(large) == .kept)
        #expect(!buffer.isClosed)
        #expect(buffer.take() == progress)
        #expect(buffer.take() == large)
    }

    @Test
    func roomIsThereAgainOnceSomethingIsTaken() {
        var buffer = Self.buffer(.fail)
        for revision in Int64(2)...2000 {
            #expect(buffer.add(Self.batch(.putting("a", at: EtcdRevision(revision)))) == .kept)
            guard revision > 2 else { continue }
            #expect(buffer.take()?.bookmark == EtcdRevision(revision - 1))
        }
    }

    @Test
    func theBytesCountToo() {
        var buffer = SubscriptionBuffer(
            range: .all,
            position: 1,
            policy: .fail,
            eventLimit: 100,
            byteLimit: 6
        )
        // Key and value have three bytes together.
        #expect(buffer.add(Self.batch(.putting("a", at: 2))) == .kept)
        #expect(buffer.add(Self.batch(.putting("a", at: 3))) == .kept)
        #expect(buffer.add(Self.batch(.putting("a", at: 4))) == .fail)
    }

    @Test
    func aFullBufferIsMergedIntoTheLastChangeOfEachKey() {
        var buffer = Self.buffer(.coalesce)
        _ = buffer.add(Self.batch(.putting("old", at: 2, created: 1)))
        _ = buffer.add(Self.batch(.putting("old", at: 3, created: 1)))
        _ = buffer.add(Self.batch(.putting("new", at: 4)))
        #expect(buffer.add(Self.batch(.putting("new", at: 5, created: 4))) == .kept)
        #expect(
            buffer.take()
                == EtcdChangeBatch(
                    kind: .changes,
                    events: [
                        .putting("old", at: 3, created: 1), .putting("new", at: 5, created: 4),
                    ],
                    bookmark: 5,
                    isCoalesced: true
                )
        )
        #expect(buffer.take() == nil)
        // Later batches are whole again.
        let next = Self.batch(.putting("new", at: 6, created: 4))
        #expect(buffer.add(next) == .kept)
        #expect(buffer.take() == next)
    }

    @Test
    func whatCameAndWentIsLeftOutAndWhatWasThereBeforeIsNot() {
        var buffer = Self.buffer(.coalesce, limit: 1)
        _ = buffer.add(Self.batch(.putting("new", at: 2)))
        _ = buffer.add(Self.batch(.deleting("new", at: 3)))
        _ = buffer.add(Self.batch(.putting("old", at: 4, created: 1)))
        _ = buffer.add(Self.batch(.deleting("old", at: 5)))
        #expect(buffer.take()?.events == [.deleting("old", at: 5)])
    }

    @Test
    func aListingSaysNothingOfWhatTheConsumerHadBefore() {
        var buffer = Self.buffer(.coalesce, limit: 1)
        // Deleted and created anew since then: the consumer has the old one.
        let listed = EtcdChangeBatch(
            kind: .relisting,
            events: [.putting("a", at: 5)],
            bookmark: 6
        )
        _ = buffer.add(listed)
        _ = buffer.add(Self.batch(.deleting("a", at: 7)))
        #expect(buffer.take()?.events == [.deleting("a", at: 7)])
    }

    @Test
    func moreKeysThanTheLimitFailEvenWhenMerged() {
        var buffer = Self.buffer(.coalesce)
        _ = buffer.add(Self.batch(.putting("a", at: 2)))
        _ = buffer.add(Self.batch(.putting("b", at: 3)))
        #expect(buffer.add(Self.batch(.putting("c", at: 4))) == .fail)
        #expect(buffer.take()?.bookmark == 4)
        #expect(buffer.take() == nil)
    }

    /// Whatever is merged, and whenever it is read: the picture at a bookmark is what the store
    /// held.
    @Test
    func mergingKeepsThePictureTrue() throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        var merged = 0
        for round in 0..<300 {
            var store = ModelStore()
            var position = store.revision
            var image: [EtcdBytes: EtcdKeyValue] = [:]
            var picture: [EtcdBytes: EtcdKeyValue] = [:]
            let range = EtcdKeyRange.range("k1", "k5")
            var buffer = Self.buffer(.coalesce, of: range, limit: 6)
            for _ in 0..<200 {
                store.write(using: &generator)
                guard Bool.random(using: &generator) else { continue }
                let batch = store.batch(
                    after: position,
                    isListing: Int.random(in: 0..<10, using: &generator) == 0
                )
                for event in batch.events {
                    image[event.key] = event.kind == .put ? event.keyValue : nil
                }
                position = store.revision
                guard buffer.add(batch) != .fail else { break }
                guard Int.random(in: 0..<6, using: &generator) == 0 else { continue }
                while let taken = buffer.take() {
                    merged += taken.isCoalesced ? 1 : 0
                    for event in taken.events {
                        picture[event.key] = event.kind == .put ? event.keyValue : nil
                    }
                    let bookmark = try #require(taken.bookmark)
                    let held = store.state(at: bookmark).filter { range.contains($0.key) }
                    try #require(picture == held, "round \(round), seed \(seed)")
                }
            }
        }
        #expect(merged > 100, "seed \(seed)")
    }
}

extension ModelStore {
    /// What happened since a revision, as history or as the difference of two listings.
    fileprivate func batch(after revision: Int, isListing: Bool) -> EtcdChangeBatch {
        let bookmark = EtcdRevision(Int64(self.revision))
        guard isListing else {
            return EtcdChangeBatch(
                kind: .changes,
                events: self.events[(revision + 1)...].flatMap { $0 },
                bookmark: bookmark
            )
        }
        let (old, new) = (self.states[revision], self.states[self.revision])
        let puts = new.values.filter { old[$0.key] != $0 }
            .map { EtcdEvent(kind: .put, keyValue: $0) }
        let deletes = old.keys.filter { new[$0] == nil }
            .map { EtcdEvent.deleting($0, at: bookmark, isSynthetic: true) }
        return EtcdChangeBatch(kind: .relisting, events: puts + deletes, bookmark: bookmark)
    }
}
