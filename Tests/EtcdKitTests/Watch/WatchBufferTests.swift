// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

/// What is merged when the consumer of a watch does not keep up.
@Suite
struct WatchBufferTests {
    private static func buffer(_ limit: Int, bytes: Int = 1 << 20) -> WatchBuffer {
        WatchBuffer(
            options: .init(bufferLimit: limit, bufferByteLimit: bytes, overflowPolicy: .coalesce)
        )
    }

    private static func event(
        _ key: UInt8,
        _ revision: Int64,
        isDeletion: Bool = false,
        previous: Int64? = nil
    ) -> Event {
        Event(
            type: isDeletion ? .delete : .put,
            kv: KeyValue(key: [key], modRevision: revision),
            prevKV: previous.map { KeyValue(key: [key], modRevision: $0) }
        )
    }

    private static func add(_ event: Event, to buffer: inout WatchBuffer) -> WatchMailbox.Room {
        let header = EtcdResponseHeader.at(event.kv?.modRevision ?? 0)
        return buffer.add(.events([event], header: header), byteCount: 10)
    }

    private static func take(from buffer: inout WatchBuffer) -> WatchMailbox.Item? {
        buffer.take()?.item
    }

    private static func revisions(_ item: WatchMailbox.Item?) -> [Int64]? {
        switch item {
        case .events(let events, _), .coalesced(let events, _):
            events.map { $0.kv?.modRevision ?? 0 }
        case .progress, .resumed, nil: nil
        }
    }

    @Test
    func theLastEventOfEachKeyIsLeftWithWhatWasThereBeforeAll() {
        var buffer = Self.buffer(3)
        #expect(Self.add(Self.event(1, 10, previous: 5), to: &buffer) == .enough)
        #expect(Self.add(Self.event(2, 11), to: &buffer) == .enough)
        #expect(Self.add(Self.event(1, 12, isDeletion: true, previous: 10), to: &buffer) == .enough)
        #expect(Self.add(Self.event(1, 13), to: &buffer) == .enough)
        #expect(Self.add(Self.event(2, 14, isDeletion: true, previous: 11), to: &buffer) == .enough)
        let taken = buffer.take()
        let all = [Self.event(1, 13, previous: 5), Self.event(2, 14, isDeletion: true)]
        #expect(taken?.item == .coalesced(all, header: .at(14)))
        #expect(taken?.mayProceed == false)
        #expect(Self.take(from: &buffer) == nil)
        // And from then on each for itself.
        #expect(Self.add(Self.event(1, 15), to: &buffer) == .enough)
        #expect(Self.take(from: &buffer) == .events([Self.event(1, 15)], header: .at(15)))
    }

    @Test
    func moreKeysThanFitStopTheWatchUntilTheyAreRead() {
        var buffer = Self.buffer(3)
        for number in UInt8(1)...3 {
            #expect(Self.add(Self.event(number, Int64(number)), to: &buffer) == .enough)
        }
        #expect(Self.add(Self.event(4, 4), to: &buffer) == .suspend)
        let taken = buffer.take()
        #expect(Self.revisions(taken?.item) == [1, 2, 3, 4])
        #expect(taken?.mayProceed == true)
    }

    @Test
    func theSizeOfWhatIsLeftCounts() {
        var buffer = Self.buffer(100, bytes: 20)
        #expect(Self.add(Self.event(1, 1), to: &buffer) == .enough)
        #expect(Self.add(Self.event(1, 2), to: &buffer) == .enough)
        // Thirty bytes came, and what is left of them are those of a key.
        #expect(Self.add(Self.event(1, 3), to: &buffer) == .enough)
        #expect(Self.revisions(Self.take(from: &buffer)) == [3])
    }

    @Test
    func aSingleResponseIsNotCalledMerged() {
        var buffer = Self.buffer(1)
        let events = [Self.event(1, 5), Self.event(2, 5)]
        #expect(buffer.add(.events(events, header: .at(5)), byteCount: 20) == .suspend)
        #expect(Self.take(from: &buffer) == .events(events, header: .at(5)))
    }

    @Test
    func newsOfProgressComeBehindWhatTheyCount() {
        var buffer = Self.buffer(1)
        _ = buffer.add(.resumed(.at(1)), byteCount: 0)
        _ = Self.add(Self.event(1, 1), to: &buffer)
        _ = buffer.add(.progress(.at(2)), byteCount: 0)
        _ = Self.add(Self.event(1, 3), to: &buffer)
        _ = buffer.add(.progress(.at(4)), byteCount: 0)
        #expect(Self.take(from: &buffer) == .resumed(.at(1)))
        #expect(Self.take(from: &buffer) == .coalesced([Self.event(1, 3)], header: .at(3)))
        #expect(Self.take(from: &buffer) == .progress(.at(4)))
        #expect(Self.take(from: &buffer) == nil)
    }
}
