// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

struct WireEncoderTests {
    @Test(arguments: [
        (1, "1001"), (127, "107f"), (128, "108001"), (16383, "10ff7f"), (16384, "10808001"),
        (Int64.max, "10ffffffffffffffff7f"), (-1, "10ffffffffffffffffff01"),
        (Int64.min, "1080808080808080808001"),
    ])
    func varintTakesAsManyBytesAsItNeeds(value: Int64, hex: String) throws {
        let bytes = KeyValue(createRevision: value).serialized()
        #expect(bytes == [UInt8](hex: hex))
        #expect(try KeyValue(serialized: bytes).createRevision == value)
    }

    @Test
    func everyVarintWidthIsMeasuredExactly() throws {
        for shift in 0..<64 {
            for value in [UInt64(1) << shift, (UInt64(1) << shift) - 1, .max >> shift] {
                let message = TxnResponse(header: ResponseHeader(clusterID: value))
                #expect(try TxnResponse(serialized: message.serialized()) == message)
            }
        }
    }

    @Test
    func leadingSpaceIsZeroAndTheMessageFollows() throws {
        let message = PutRequest(key: [1], value: [2])
        let framed = message.serialized(leadingSpace: 5)
        #expect(framed == [0, 0, 0, 0, 0] + message.serialized())
        #expect(try PutRequest(serialized: framed, from: 5) == message)
        #expect(RangeRequest().serialized(leadingSpace: 5) == [0, 0, 0, 0, 0])
    }

    @Test
    func arrayHasRoomForTheMessageAndLittleMore() {
        let bytes = PutRequest(key: [1], value: [UInt8](repeating: 1, count: 1 << 20)).serialized()
        #expect(bytes.capacity < bytes.count + bytes.count / 8)
    }

    @Test
    func defaultsTakeNoBytes() {
        let message = WatchCreateRequest(key: [], startRevision: 0, filters: [], prevKV: false)
        #expect(message.serialized().isEmpty)
    }

    @Test(arguments: [
        (Compare.TargetUnion.version(0), "2000"), (.createRevision(0), "2800"),
        (.modRevision(0), "3000"), (.value([]), "3a00"), (.lease(0), "4000"),
    ])
    func chosenScalarIsWrittenEvenIfItIsTheDefault(
        chosen: Compare.TargetUnion,
        hex: String
    ) throws {
        let message = Compare(targetUnion: chosen)
        #expect(message.serialized() == [UInt8](hex: hex))
        #expect(try Compare(serialized: message.serialized()) == message)
    }

    @Test
    func enumsAreWrittenPackedAndNegativeOnesInTenBytes() throws {
        let message = WatchCreateRequest(filters: [.noDelete, .init(rawValue: -1), .noPut])
        let bytes = message.serialized()
        #expect(bytes == [UInt8](hex: "2a0c 01 ffffffffffffffffff01 00"))
        #expect(try WatchCreateRequest(serialized: bytes) == message)
    }

    @Test
    func nestedTransactionsAreMeasuredAtEveryDepth() throws {
        var message = TxnRequest(compare: [Compare(key: [1])])
        for depth in 0..<30 {
            let put = PutRequest(key: [UInt8](repeating: 1, count: depth * 10))
            message = TxnRequest(
                compare: [Compare(key: [UInt8(depth)])],
                success: [RequestOp(request: .put(put)), RequestOp(request: .txn(message))],
                failure: [RequestOp(request: .range(RangeRequest(limit: Int64(depth))))]
            )
            #expect(try TxnRequest(serialized: message.serialized()) == message)
        }
    }

    @Test
    func descriptionTellsTypeAndSizeOnly() {
        let secret = AuthenticateRequest(name: "root", password: "sesame")
        #expect("\(secret)" == "<AuthenticateRequest, 14 bytes>")
        #expect(String(reflecting: secret) == "<AuthenticateRequest, 14 bytes>")
    }
}
