// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

/// Messages of few bytes that would become much memory.
struct AmplifiedBytesTests {
    /// So many empty key-value pairs, each two bytes.
    private func emptyPairs(_ count: Int, between: [UInt8] = []) -> [UInt8] {
        Array([[UInt8]](repeating: [0x12, 0] + between, count: count).joined())
    }

    private func isRefused(_ bytes: [UInt8]) -> Bool {
        do throws(WireError) {
            _ = try RangeResponse(serialized: bytes)
            return false
        } catch {
            guard case .tooManyElements = error else {
                Issue.record("unexpected: \(error)")
                return false
            }
            return true
        }
    }

    @Test func emptyElementsAreRefusedWhenTheyAreMany() {
        #expect(self.isRefused(self.emptyPairs(300_000)))
        #expect(!self.isRefused(self.emptyPairs(10_000)))
    }

    @Test func elementsThatDoNotFollowEachOtherAreCountedTogether() {
        // An unknown field between them.
        #expect(self.isRefused(self.emptyPairs(300_000, between: [0x78, 0])))
    }

    @Test func arraysOfManyMessagesAreCountedTogether() {
        // A transaction's response with a thousand ranges of a thousand empty pairs.
        let range = self.emptyPairs(1000)
        let length = [UInt8(range.count & 127 | 128), UInt8(range.count >> 7)]
        let operation = [0x0A] + length + range
        let size = operation.count
        let part = [0x1A, UInt8(size & 127 | 128), UInt8(size >> 7)] + operation
        let bytes = Array([[UInt8]](repeating: part, count: 1000).joined())
        #expect(throws: WireError.self) { try TxnResponse(serialized: bytes) }
        let few = Array([[UInt8]](repeating: part, count: 10).joined())
        #expect(throws: Never.self) { try TxnResponse(serialized: few) }
    }

    /// The least that a server has to say of a key.
    @Test func smallestPairsAreRead() throws {
        let pair = KeyValue(
            key: [1],
            createRevision: 1,
            modRevision: 1,
            version: 1,
            value: [],
            lease: 0
        )
        let response = RangeResponse(kvs: .init(repeating: pair, count: 200_000))
        let read = try RangeResponse(serialized: response.serialized())
        #expect(read.kvs.count == 200_000)
    }

    @Test func smallestEventsAreRead() throws {
        let pair = KeyValue(
            key: [1],
            createRevision: 0,
            modRevision: 1,
            version: 0,
            value: [],
            lease: 0
        )
        var event = Event()
        event.type = .delete
        event.kv = pair
        var response = WatchResponse()
        response.events = .init(repeating: event, count: 60_000)
        let read = try WatchResponse(serialized: response.serialized())
        #expect(read.events.count == 60_000)
    }
}
