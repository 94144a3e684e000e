// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

/// What is read, and how, where the bytes are well formed.
struct WireDecoderTests {
    @Test
    func noBytesAreTheEmptyMessage() throws {
        #expect(try RangeResponse(serialized: []) == RangeResponse())
        #expect(try RangeResponse(serialized: [1, 2, 3], from: 3) == RangeResponse())
    }

    @Test
    func lastScalarWins() throws {
        let bytes = [UInt8](hex: "1001 0a0161 1002 0a0162 0a00")
        #expect(try KeyValue(serialized: bytes) == KeyValue(createRevision: 2))
    }

    @Test
    func messageGivenTwiceIsMerged() throws {
        let first = PutResponse(
            header: ResponseHeader(clusterID: 1, revision: 2),
            prevKV: KeyValue(key: [1])
        )
        let second = PutResponse(header: ResponseHeader(revision: 3, raftTerm: 4))
        #expect(
            try PutResponse(serialized: first.serialized() + second.serialized())
                == PutResponse(
                    header: ResponseHeader(clusterID: 1, revision: 3, raftTerm: 4),
                    prevKV: KeyValue(key: [1])
                )
        )
    }

    @Test
    func repeatedFieldsAreJoinedAcrossOtherFields() throws {
        let first = RangeResponse(kvs: [KeyValue(key: [1]), KeyValue(key: [2])], count: 1)
        let second = RangeResponse(kvs: [KeyValue(key: [3])], count: 2)
        #expect(
            try RangeResponse(serialized: first.serialized() + second.serialized())
                == RangeResponse(
                    kvs: [KeyValue(key: [1]), KeyValue(key: [2]), KeyValue(key: [3])],
                    count: 2
                )
        )
    }

    @Test
    func lastCaseOfAOneofWins() throws {
        let put = RequestOp(request: .put(PutRequest(key: [1])))
        let range = RequestOp(request: .range(RangeRequest(limit: 1)))
        #expect(try RequestOp(serialized: put.serialized() + range.serialized()) == range)

        let version = Compare(targetUnion: .version(5))
        let value = Compare(targetUnion: .value([]))
        #expect(try Compare(serialized: version.serialized() + value.serialized()) == value)
        #expect(try Compare(serialized: value.serialized() + version.serialized()) == version)
    }

    @Test
    func sameCaseOfAOneofIsMerged() throws {
        func merged(_ first: RequestOp.Request, _ second: RequestOp.Request) throws -> RequestOp {
            try RequestOp(
                serialized: RequestOp(request: first).serialized()
                    + RequestOp(request: second).serialized()
            )
        }
        #expect(
            try merged(.put(PutRequest(key: [1])), .put(PutRequest(value: [2])))
                == RequestOp(request: .put(PutRequest(key: [1], value: [2])))
        )
        #expect(
            try merged(.range(RangeRequest(key: [1])), .range(RangeRequest(limit: 2)))
                == RequestOp(request: .range(RangeRequest(key: [1], limit: 2)))
        )
        #expect(
            try merged(
                .deleteRange(DeleteRangeRequest(key: [1])),
                .deleteRange(DeleteRangeRequest(prevKV: true))
            )
                == RequestOp(request: .deleteRange(DeleteRangeRequest(key: [1], prevKV: true)))
        )
        #expect(
            try merged(
                .txn(TxnRequest(success: [RequestOp()])),
                .txn(TxnRequest(compare: [Compare()]))
            )
                == RequestOp(
                    request: .txn(TxnRequest(compare: [Compare()], success: [RequestOp()]))
                )
        )
        let watch = WatchRequest(request: .create(WatchCreateRequest(key: [1]))).serialized()
        let more = WatchRequest(request: .create(WatchCreateRequest(fragment: true))).serialized()
        #expect(
            try WatchRequest(serialized: watch + more)
                == WatchRequest(request: .create(WatchCreateRequest(key: [1], fragment: true)))
        )
    }

    @Test
    func enumsComePackedUnpackedOrBoth() throws {
        let expected = WatchCreateRequest(filters: [.noDelete, .noPut, .noDelete])
        for hex in ["2a03 010001", "2801 2800 2801", "2801 2a00 2a02 0001"] {
            #expect(try WatchCreateRequest(serialized: [UInt8](hex: hex)) == expected)
        }
    }

    @Test
    func knownFieldWithAnotherWireTypeIsSkipped() throws {
        // KeyValue: key as varint, fixed64, group, fixed32; revisions as bytes; then real ones.
        let odd = [UInt8](hex: "0801 090102030405060708 0b 1001 0c 0d01020304 120161 1a00")
        let real = KeyValue(key: [9], createRevision: 8)
        #expect(try KeyValue(serialized: odd + real.serialized()) == real)
        // RangeResponse: header, kvs and count likewise; RequestOp and Compare inside a Txn.
        #expect(
            try RangeResponse(serialized: [UInt8](hex: "0801 1001 2200")) == RangeResponse()
        )
        #expect(try RequestOp(serialized: [UInt8](hex: "0801 1001 1801 2001")) == RequestOp())
        #expect(try Compare(serialized: [UInt8](hex: "2200 2a00 3200 3801 4200")) == Compare())
        #expect(
            try WatchCreateRequest(serialized: [UInt8](hex: "2d01020304 2b2c"))
                == WatchCreateRequest()
        )
    }

    @Test
    func fieldWithAnotherWireTypeLeavesTheChosenCaseAlone() throws {
        let put = RequestOp(request: .put(PutRequest(key: [1])))
        #expect(try RequestOp(serialized: put.serialized() + [UInt8](hex: "0801 1001")) == put)
    }

    @Test
    func unknownEnumValuesAreKept() throws {
        let event = try Event(serialized: [UInt8](hex: "082a"))
        #expect(event.type == Event.EventType(rawValue: 42))
        #expect(event.serialized() == [UInt8](hex: "082a"))
    }

    @Test
    func narrowNumbersTakeTheLowBits() throws {
        let hash = try HashResponse(serialized: [UInt8](hex: "10 8180808010"))
        #expect(hash.hash == 1)
        let flag = try PutRequest(serialized: [UInt8](hex: "20 8080808080808080 8001"))
        #expect(flag.prevKV)
    }

    @Test
    func longFormsOfSmallNumbersAreAccepted() throws {
        // Field 2 and the value 1, each with more bytes than it needs.
        let message = try KeyValue(serialized: [UInt8](hex: "908000 81808080808080808000"))
        #expect(message == KeyValue(createRevision: 1))
    }

    @Test
    func arrayOfMessagesIsAllocatedOnce() throws {
        let kvs = (0..<1000).map { KeyValue(key: [UInt8(truncatingIfNeeded: $0)], version: $0) }
        let read = try RangeResponse(serialized: RangeResponse(kvs: kvs).serialized())
        #expect(read.kvs == kvs)
        // Growth by doubling would have passed 1024.
        #expect(read.kvs.capacity < 1024 + 8)
    }
}
