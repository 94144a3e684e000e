// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

struct MalformedBytesTests {
    private func error(reading hex: String) -> WireError? {
        self.error(reading: [UInt8](hex: hex))
    }

    private func error(reading bytes: [UInt8], from start: Int = 0) -> WireError? {
        do throws(WireError) {
            _ = try TxnResponse(serialized: bytes, from: start)
            return nil
        } catch {
            return error
        }
    }

    @Test
    func fieldThatIsCutOffIsAnError() {
        #expect(self.error(reading: "10") == .truncated(offset: 1))
        #expect(self.error(reading: "80") == .truncated(offset: 1))
        #expect(self.error(reading: "1080") == .truncated(offset: 2))
        #expect(self.error(reading: "0a") == .truncated(offset: 1))
        #expect(self.error(reading: "7d010203") == .truncated(offset: 1))
        #expect(self.error(reading: "7901020304050607") == .truncated(offset: 1))
        #expect(self.error(reading: "7b0801") == .truncated(offset: 3))
    }

    @Test
    func fieldOfANestedMessageMustEndWithIt() {
        // The varint goes on after the header's last byte.
        #expect(self.error(reading: "0a02 0880 01") == .truncated(offset: 4))
        // The bytes lie in the array, but beyond the header.
        #expect(self.error(reading: "0a02 7a03 010203") == .lengthBeyondEnd(offset: 3))
        #expect(self.error(reading: "0a03 7d0102 0304") == .truncated(offset: 3))
    }

    @Test
    func lengthBeyondTheEndIsAnError() {
        #expect(self.error(reading: "0a01") == .lengthBeyondEnd(offset: 1))
        #expect(self.error(reading: "1a05 00000000") == .lengthBeyondEnd(offset: 1))
        // 2^31, 2^32 + 1, 2^63 - 1, 2^63, 2^64 - 1: for known and unknown fields.
        for length in [
            "8080808008", "8180808010", "ffffffffffffffff7f", "80808080808080808001",
            "ffffffffffffffffff01",
        ] {
            #expect(self.error(reading: "0a \(length) 00") == .lengthBeyondEnd(offset: 1))
            #expect(self.error(reading: "1a \(length) 00") == .lengthBeyondEnd(offset: 1))
            #expect(self.error(reading: "7a \(length) 00") == .lengthBeyondEnd(offset: 1))
        }
        #expect(throws: WireError.lengthBeyondEnd(offset: 1)) {
            try WatchCreateRequest(serialized: [UInt8](hex: "2affffffffffffffffff01 00"))
        }
        #expect(throws: WireError.lengthBeyondEnd(offset: 1)) {
            try LeaseTimeToLiveResponse(serialized: [UInt8](hex: "2affffffffffffffffff01 00"))
        }
    }

    @Test
    func numberOfMoreThan64BitsIsAnError() {
        let eleven = "ffffffffffffffffffff01"
        #expect(self.error(reading: "10 \(eleven)") == .varintOverflow(offset: 1))
        #expect(self.error(reading: "10 ffffffffffffffffff02") == .varintOverflow(offset: 1))
        #expect(self.error(reading: "78 \(eleven)") == .varintOverflow(offset: 1))
        #expect(self.error(reading: "0a \(eleven)") == .varintOverflow(offset: 1))
        #expect(self.error(reading: eleven) == .varintOverflow(offset: 0))
        #expect(self.error(reading: "10 ffffffffffffffffff01") == nil)
    }

    @Test
    func fieldNumberMustBeInRange() {
        #expect(self.error(reading: "00 01") == .invalidFieldNumber(offset: 0))
        #expect(self.error(reading: "02 00") == .invalidFieldNumber(offset: 0))
        #expect(self.error(reading: "07") == .invalidWireType(offset: 0))
        // 2^29 - 1 is the largest; 2^29 is one too many.
        #expect(self.error(reading: "f8ffffff0f 01") == nil)
        #expect(self.error(reading: "8080808010 01") == .invalidFieldNumber(offset: 0))
        #expect(self.error(reading: "7b 00 01 7c") == .invalidFieldNumber(offset: 1))
    }

    @Test
    func wireTypesThatDoNotExistAreErrors() {
        #expect(self.error(reading: "0e") == .invalidWireType(offset: 0))
        #expect(self.error(reading: "1001 0f") == .invalidWireType(offset: 2))
        #expect(self.error(reading: "7b 0e 7c") == .invalidWireType(offset: 1))
    }

    @Test
    func groupsMustMatch() {
        #expect(self.error(reading: "7b 7c") == nil)
        #expect(self.error(reading: "7c") == .unmatchedGroupEnd(offset: 0))
        #expect(self.error(reading: "7b 0c") == .unmatchedGroupEnd(offset: 1))
        #expect(self.error(reading: "7b 0b 7c 0c") == .unmatchedGroupEnd(offset: 2))
        #expect(self.error(reading: "0a01 7b 7c") == .truncated(offset: 3))
    }

    @Test
    func stringMustBeUTF8() {
        for hex in ["ff", "c080", "eda080", "e282", "61f4908080"] {
            let text = [UInt8](hex: hex)
            let bytes = [0x1A, UInt8(text.count + 1), 0x61] + text
            #expect(throws: WireError.invalidUTF8(offset: 2), "\(hex)") {
                try HealthCheckRequest(serialized: [0x0A] + bytes[1...])
            }
            #expect(throws: WireError.invalidUTF8(offset: 2), "\(hex)") {
                try Member(serialized: bytes)
            }
        }
    }

    @Test
    func startOutsideOfTheBytesIsAnError() {
        #expect(self.error(reading: [1, 2], from: 3) == .truncated(offset: 2))
        #expect(self.error(reading: [1, 2], from: -1) == .truncated(offset: 2))
        #expect(self.error(reading: [1, 2], from: .max) == .truncated(offset: 2))
    }

    @Test
    func offsetsCountFromTheStartOfTheArray() {
        #expect(self.error(reading: [0, 0, 0, 0, 0, 0x10], from: 5) == .truncated(offset: 6))
    }
}

struct NestingTests {
    /// A transaction in a transaction, so many times.
    private func transaction(depth: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<depth {
            var operation: [UInt8] = []
            operation.append(lengthDelimited: bytes, tag: 4 << 3)
            bytes = []
            bytes.append(lengthDelimited: operation, tag: 2 << 3)
        }
        return bytes
    }

    @Test
    func transactionsMayNestUpToTheLimit() throws {
        let deepest = try TxnRequest(serialized: self.transaction(depth: 32))
        #expect(deepest.serialized() == self.transaction(depth: 32))
    }

    @Test(arguments: [33, 34, 1000])
    func transactionsBeyondTheLimitAreAnError(depth: Int) {
        #expect {
            try TxnRequest(serialized: self.transaction(depth: depth))
        } throws: { error in
            if case WireError.nestedTooDeeply = error { true } else { false }
        }
    }

    @Test
    func groupsMayNestUpToTheLimit() throws {
        func groups(_ depth: Int) -> [UInt8] {
            [UInt8](repeating: 0x7B, count: depth) + [UInt8](repeating: 0x7C, count: depth)
        }
        #expect(try PutRequest(serialized: groups(64)) == PutRequest())
        #expect(throws: WireError.nestedTooDeeply(offset: 65)) {
            try PutRequest(serialized: groups(65))
        }
        #expect(throws: WireError.nestedTooDeeply(offset: 65)) {
            try PutRequest(serialized: groups(1_000_000))
        }
    }

    @Test
    func nestingEndsWithTheMessageOrGroup() throws {
        let many = RangeResponse(kvs: [KeyValue](repeating: KeyValue(), count: 1000))
        let groups = (0..<1000).flatMap { _ in [0x7B, 0x7C] as [UInt8] }
        #expect(try RangeResponse(serialized: many.serialized() + groups) == many)
    }
}

struct AllocationTests {
    @Test
    func arrayGrowsWithWhatIsThereAndNotWithWhatIsPromised() throws {
        // One real element, then one whose length promises 2^40 bytes.
        let bytes = [UInt8](hex: "1200 12808080808080808001 00")
        #expect(throws: WireError.self) { try RangeResponse(serialized: bytes) }

        let few = RangeResponse(kvs: [KeyValue(key: [1]), KeyValue(key: [2])], count: 5)
        #expect(try RangeResponse(serialized: few.serialized()).kvs.capacity < 8)
    }

    @Test
    func elementsOfNoBytesAreBoundedByTheirTags() throws {
        let bytes = (0..<10_000).flatMap { _ in [0x12, 0x00] as [UInt8] }
        let read = try RangeResponse(serialized: bytes)
        #expect(read.kvs.count == 10_000)
        #expect(read.kvs.capacity < 10_100)
    }

    @Test
    func packedEnumsAreBoundedByTheirBytes() throws {
        var bytes: [UInt8] = []
        bytes.append(lengthDelimited: [UInt8](repeating: 1, count: 1000), tag: 5 << 3)
        let read = try WatchCreateRequest(serialized: bytes)
        #expect(read.filters.count == 1000)
        #expect(read.filters.capacity <= 2048)
    }

    /// Copying what is there at each merge would take minutes.
    @Test(.timeLimit(.minutes(5)))
    func messagesThatComeOverAndOverAreMergedInPlace() throws {
        let times = 100_000
        let one = RangeResponse(kvs: [KeyValue()])
        let singular = RangeStreamResponse(rangeResponse: one).serialized()
        let merged = try RangeStreamResponse(
            serialized: Array(repeatElement(singular, count: times).joined())
        )
        #expect(merged.rangeResponse?.kvs.count == times)

        let chosen = ResponseOp(response: .range(one)).serialized()
        let operation = try ResponseOp(
            serialized: Array(repeatElement(chosen, count: times).joined())
        )
        #expect(operation.serialized().count > 2 * times)
    }
}
