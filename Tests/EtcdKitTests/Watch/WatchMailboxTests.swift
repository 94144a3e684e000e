// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

@Suite
struct WatchMailboxTests {
    private static func open(_ options: EtcdWatchOptions = .init()) -> WatchMailbox {
        let mailbox = WatchMailbox(handle: WatchHandle(1), options: options)
        mailbox.acknowledged(5)
        return mailbox
    }

    private static func revisions(_ taken: WatchMailbox.Taken) -> [Int64]? {
        guard case .item(.events(let events, _)) = taken.step else { return nil }
        return events.map { $0.kv?.modRevision ?? 0 }
    }

    @Test
    func theAcknowledgementIsWaitedFor() async throws {
        let mailbox = WatchMailbox(handle: WatchHandle(1), options: .init())
        #expect(mailbox.isOpening)
        async let revision = mailbox.acknowledgement()
        mailbox.acknowledged(5)
        #expect(try await revision == 5)
        #expect(!mailbox.isOpening)
    }

    @Test
    func aWatchThatEndsBeforeItsAcknowledgementFails() async {
        let mailbox = WatchMailbox(handle: WatchHandle(1), options: .init())
        mailbox.end(EtcdError(code: .permissionDenied, message: "no"))
        let error = await #expect(throws: EtcdError.self) { try await mailbox.acknowledgement() }
        #expect(error?.code == .permissionDenied)
    }

    @Test
    func whatIsLeftIsReadBeforeTheErrorWhichComesOnce() async {
        let mailbox = Self.open()
        #expect(mailbox.deliver([.at(6)], header: .at(6), byteCount: 1) == .enough)
        mailbox.end(.slowConsumer)
        #expect(mailbox.deliver([.at(7)], header: .at(7), byteCount: 1) == .enough)
        #expect(Self.revisions(await mailbox.next(isolation: nil)) == [6])
        guard case .failure = await mailbox.next(isolation: nil).step else {
            Issue.record("no failure")
            return
        }
        guard case .end = await mailbox.next(isolation: nil).step else {
            Issue.record("no end")
            return
        }
    }

    @Test
    func discardingDropsWhatIsLeft() async {
        let mailbox = Self.open()
        _ = mailbox.deliver([.at(6)], header: .at(6), byteCount: 1)
        mailbox.discard()
        guard case .end = await mailbox.next(isolation: nil).step else {
            Issue.record("no end")
            return
        }
    }

    @Test
    func aFullBufferSuspendsUntilHalfOfItIsRead() async {
        let mailbox = Self.open(.init(bufferLimit: 4))
        for revision in Int64(1)...4 {
            #expect(
                mailbox.deliver([.at(revision)], header: .at(revision), byteCount: 1) == .enough
            )
        }
        #expect(mailbox.deliver([.at(5)], header: .at(5), byteCount: 1) == .suspend)
        #expect(await mailbox.next(isolation: nil).mayProceed == false)
        #expect(await mailbox.next(isolation: nil).mayProceed == false)
        #expect(await mailbox.next(isolation: nil).mayProceed)
        #expect(await mailbox.next(isolation: nil).mayProceed == false)
        #expect(Self.revisions(await mailbox.next(isolation: nil)) == [5])
    }

    @Test
    func theSizeOfTheEventsCountsToo() async {
        let mailbox = Self.open(.init(bufferByteLimit: 100, overflowPolicy: .fail))
        #expect(mailbox.deliver([.at(1)], header: .at(1), byteCount: 100) == .enough)
        #expect(mailbox.deliver([.at(2)], header: .at(2), byteCount: 1) == .fail)
    }

    @Test
    func onlyWhatWasAskedForIsReported() async {
        let plain = Self.open()
        plain.progressed(.at(6))
        plain.resumed(.at(6))
        _ = plain.deliver([.at(7)], header: .at(7), byteCount: 1)
        #expect(Self.revisions(await plain.next(isolation: nil)) == [7])

        let chatty = Self.open(.init(progressNotifications: true, reportsResumption: true))
        chatty.progressed(.at(6))
        chatty.resumed(.at(6))
        guard case .item(let first) = await chatty.next(isolation: nil).step,
            case .item(let second) = await chatty.next(isolation: nil).step
        else {
            Issue.record("not reported")
            return
        }
        #expect(first == .progress(.at(6)))
        #expect(second == .resumed(.at(6)))
    }

    @Test
    func requestedProgressIsReportedAndTheNewestReplacesWhatIsUnread() async {
        let plain = Self.open()
        plain.progressed(.at(6), wasRequested: true)
        plain.progressed(.at(7), wasRequested: true)
        _ = plain.deliver([.at(8)], header: .at(8), byteCount: 1)
        plain.progressed(.at(8), wasRequested: true)
        var items: [WatchMailbox.Item] = []
        for _ in 1...3 {
            guard case .item(let item) = await plain.next(isolation: nil).step else { continue }
            items.append(item)
        }
        #expect(
            items == [.progress(.at(7)), .events([.at(8)], header: .at(8)), .progress(.at(8))]
        )
        // What was read stays read.
        plain.progressed(.at(9), wasRequested: true)
        guard case .item(.progress(let header)) = await plain.next(isolation: nil).step else {
            Issue.record("no progress")
            return
        }
        #expect(header == .at(9))
    }

    @Test
    func orderIsKeptOverManyItems() async {
        let mailbox = Self.open()
        for revision in Int64(1)...2000 {
            _ = mailbox.deliver([.at(revision)], header: .at(revision), byteCount: 1)
        }
        for revision in Int64(1)...2000 {
            #expect(Self.revisions(await mailbox.next(isolation: nil)) == [revision])
        }
    }
}
