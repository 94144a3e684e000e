// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct SubscriptionMailboxTests {
    private static func mailbox(
        _ policy: EtcdSubscriptionOptions.OverflowPolicy,
        start: EtcdSubscriptionOptions.Start = .now
    ) -> SubscriptionMailbox {
        SubscriptionMailbox(
            range: .all,
            options: .init(start: start, bufferLimit: 1),
            policy: policy
        )
    }

    private static func batch(_ revision: EtcdRevision) -> EtcdChangeBatch {
        EtcdChangeBatch(kind: .changes, events: [.putting("a", at: revision)], bookmark: revision)
    }

    private static func name(_ step: SubscriptionMailbox.Step) -> String {
        switch step {
        case .batch(let batch): "batch \(batch.bookmark ?? 0)"
        case .snapshot(let image): "snapshot \(image.revision)"
        case .detached(let revision): "detached \(revision)"
        case .own(_, let revision): "own \(revision)"
        case .failure(let error): "failure \(error.code)"
        case .end: "end"
        }
    }

    private static func next(_ mailbox: SubscriptionMailbox) async -> String {
        self.name(await mailbox.next(isolation: nil))
    }

    @Test
    func theSnapshotComesBeforeWhatHappenedSince() async {
        var image = SharedImage()
        image.apply(Self.batch(5))
        let mailbox = Self.mailbox(.coalesce, start: .snapshot)
        mailbox.begin(at: 5, image: image, storeEpoch: 0)
        #expect(mailbox.deliver(Self.batch(6)))
        #expect(await Self.next(mailbox) == "snapshot 5")
        #expect(await Self.next(mailbox) == "batch 6")
    }

    @Test
    func whoBeginsNowGetsNoSnapshot() async {
        let mailbox = Self.mailbox(.coalesce)
        mailbox.begin(at: 5, image: SharedImage(), storeEpoch: 0)
        #expect(mailbox.deliver(Self.batch(6)))
        #expect(await Self.next(mailbox) == "batch 6")
    }

    @Test
    func nothingIsDeliveredBeforeTheBeginning() async throws {
        let mailbox = Self.mailbox(.fail)
        #expect(!mailbox.deliver(Self.batch(5)))
        mailbox.begin(at: 5, image: nil, storeEpoch: 0)
        try await mailbox.beginning()
        #expect(mailbox.deliver(Self.batch(6)))
        #expect(await Self.next(mailbox) == "batch 6")
    }

    @Test
    func aFullMailboxLeavesOnceAndFailsOnce() async {
        let mailbox = Self.mailbox(.fail)
        mailbox.begin(at: 1, image: nil, storeEpoch: 0)
        #expect(mailbox.deliver(Self.batch(2)))
        #expect(!mailbox.deliver(Self.batch(3)))
        #expect(await Self.next(mailbox) == "batch 2")
        #expect(await Self.next(mailbox) == "failure slowConsumer")
        #expect(await Self.next(mailbox) == "end")
    }

    @Test
    func whoHasDetachedDoesNotShareTheEnd() async {
        let mailbox = Self.mailbox(.detach)
        mailbox.begin(at: 1, image: nil, storeEpoch: 0)
        #expect(mailbox.deliver(Self.batch(2)))
        #expect(!mailbox.deliver(Self.batch(3)))
        mailbox.end(.slowConsumer)
        #expect(await Self.next(mailbox) == "batch 2")
        #expect(await Self.next(mailbox) == "detached 2")
    }

    @Test
    func theEndComesBehindWhatIsBufferedAndOnce() async {
        let mailbox = Self.mailbox(.fail)
        mailbox.begin(at: 1, image: nil, storeEpoch: 0)
        #expect(mailbox.deliver(Self.batch(2)))
        mailbox.end(EtcdError(code: .compacted, message: "gone"))
        #expect(!mailbox.deliver(Self.batch(3)))
        #expect(await Self.next(mailbox) == "batch 2")
        #expect(await Self.next(mailbox) == "failure compacted")
        #expect(await Self.next(mailbox) == "end")
    }

    @Test
    func anEndBeforeTheBeginningIsThrown() async {
        let mailbox = Self.mailbox(.fail)
        mailbox.end(EtcdError(code: .permissionDenied, message: "no"))
        let error = await #expect(throws: EtcdError.self) { try await mailbox.beginning() }
        #expect(error?.code == .permissionDenied)
    }

    @Test
    func cancellingDropsWhatIsBuffered() async {
        let mailbox = Self.mailbox(.fail)
        mailbox.begin(at: 1, image: nil, storeEpoch: 0)
        #expect(mailbox.deliver(Self.batch(2)))
        mailbox.discard()
        #expect(!mailbox.deliver(Self.batch(3)))
        #expect(await Self.next(mailbox) == "end")
    }
}
