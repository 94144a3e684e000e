// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

struct KeyNamespaceTests {
    struct Case: Sendable {
        let prefix: [UInt8]
        let range: EtcdKeyRange
        let start: [UInt8]
        let end: [UInt8]
    }

    @Test(arguments: [
        Case(prefix: [0x61], range: .key("k"), start: [0x61, 0x6b], end: []),
        Case(prefix: [0x61], range: .prefix("k"), start: [0x61, 0x6b], end: [0x61, 0x6c]),
        Case(prefix: [0x61], range: .prefix([0xff]), start: [0x61, 0xff], end: [0x62]),
        Case(prefix: [0x61], range: .range("k", "m"), start: [0x61, 0x6b], end: [0x61, 0x6d]),
        Case(prefix: [0x61], range: .range("", "m"), start: [0x61, 0], end: [0x61, 0x6d]),
        Case(prefix: [0x61], range: .range("k", "k"), start: [0x61, 0x6b], end: [0x61, 0x6b]),
        Case(prefix: [0x61], range: .range("", ""), start: [0x61, 1], end: [0x61, 1]),
        Case(prefix: [0x61], range: .from("k"), start: [0x61, 0x6b], end: [0x62]),
        Case(prefix: [0x61], range: .all, start: [0x61, 0], end: [0x62]),
        Case(prefix: [0x61, 0xff], range: .all, start: [0x61, 0xff, 0], end: [0x62]),
        Case(prefix: [0xff], range: .all, start: [0xff, 0], end: [0]),
        Case(prefix: [0xff], range: .from("k"), start: [0xff, 0x6b], end: [0]),
        Case(prefix: [0xff], range: .prefix([0xff]), start: [0xff, 0xff], end: [0]),
        Case(prefix: [0], range: .all, start: [0, 0], end: [1]),
    ])
    func rangesEndWhereTheNamespaceEnds(_ example: Case) throws {
        let namespace = try #require(KeyNamespace(prefix: example.prefix))
        var request = RangeRequest(example.range, .init())
        request.enter(namespace)
        #expect(request.key == example.start)
        #expect(request.rangeEnd == example.end)
    }

    @Test
    func anEmptyPrefixIsNoNamespace() {
        #expect(KeyNamespace(prefix: []) == nil)
    }

    @Test(arguments: [[0x61], [0x62, 0x61], [], [0x61, 0x2e]] as [[UInt8]])
    func aKeyFromOutsideIsRefused(_ key: [UInt8]) throws {
        let namespace = try #require(KeyNamespace(prefix: [0x61, 0x2f]))
        var response = RangeResponse(kvs: [KeyValue(key: [0x61, 0x2f, 1]), KeyValue(key: key)])
        let error = #expect(throws: EtcdError.self) { try response.leave(namespace) }
        #expect(error?.code == .malformedResponse)
    }

    @Test
    func everyKeyOfATransactionIsBehindThePrefix() throws {
        let inner = EtcdTransaction()
            .when(.isAbsent(.prefix("c")))
            .then(.delete(.all))
            .otherwise(.put("p", "v"), .get("g"))
        let outer = EtcdTransaction()
            .when(.exists("e"), .value(of: .from("f"), .equal, "v"))
            .then(.transaction(inner))
            .otherwise(.range(.range("r", "s")))
        var request = TxnRequest(outer)
        request.enter(try #require(KeyNamespace(prefix: Array("n/".utf8))))

        let byHand = TxnRequest(
            EtcdTransaction()
                .when(.exists("n/e"), .value(of: .range("n/f", "n0"), .equal, "v"))
                .then(
                    .transaction(
                        EtcdTransaction()
                            .when(.isAbsent(.prefix("n/c")))
                            .then(.delete(.range("n/\u{0}", "n0")))
                            .otherwise(.put("n/p", "v"), .get("n/g"))
                    )
                )
                .otherwise(.range(.range("n/r", "n/s")))
        )
        #expect(request == byHand)
    }
}
