// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import Testing

struct EtcdKeyRangeTests {
    struct Wire: Sendable {
        let range: EtcdKeyRange
        let start: [UInt8]
        let end: [UInt8]
    }

    @Test(arguments: [
        Wire(range: .key("a"), start: [0x61], end: []),
        Wire(range: .prefix("a"), start: [0x61], end: [0x62]),
        Wire(range: .prefix("a/"), start: [0x61, 0x2f], end: [0x61, 0x30]),
        Wire(range: .prefix([0x61, 0xff]), start: [0x61, 0xff], end: [0x62]),
        Wire(range: .prefix([0xff, 0xff]), start: [0xff, 0xff], end: [0]),
        Wire(range: .prefix([UInt8(0xff)]), start: [0xff], end: [0]),
        Wire(range: .prefix([UInt8(0)]), start: [0], end: [1]),
        Wire(range: .prefix(""), start: [0], end: [0]),
        Wire(range: .range("a", "c"), start: [0x61], end: [0x63]),
        Wire(range: .range("", "c"), start: [0], end: [0x63]),
        Wire(range: .from("a"), start: [0x61], end: [0]),
        Wire(range: .from(""), start: [0], end: [0]),
        Wire(range: .all, start: [0], end: [0]),
    ])
    func rangesHaveTheirFormOnTheWire(_ wire: Wire) {
        #expect(wire.range.start == wire.start)
        #expect(wire.range.wireEnd == wire.end)
        #expect(!wire.range.isEmpty)
    }

    @Test(arguments: [
        EtcdKeyRange.range("b", "a"), .range("a", "a"), .range("a", ""),
        .range("a", [UInt8(0)]), .range("", ""), .range("", [UInt8(0)]),
        .range([UInt8(0)], [UInt8(0)]),
    ])
    func aRangeThatEndsBeforeItStartsHoldsNothingOnTheWireEither(_ range: EtcdKeyRange) {
        #expect(range.isEmpty)
        #expect(range.wireEnd == range.start)
        #expect(range.wireEnd != [0])
        #expect(!range.wireEnd.isEmpty)
        #expect(!range.contains("a"))
        #expect(!range.contains([UInt8(1)]))
    }

    @Test
    func containmentFollowsTheBounds() {
        #expect(EtcdKeyRange.key("a").contains("a"))
        #expect(!EtcdKeyRange.key("a").contains("ab"))
        #expect(EtcdKeyRange.prefix("a/").contains("a/"))
        #expect(EtcdKeyRange.prefix("a/").contains("a/b"))
        #expect(!EtcdKeyRange.prefix("a/").contains("a0"))
        #expect(EtcdKeyRange.prefix([0xff, 0xff]).contains([0xff, 0xff, 1]))
        #expect(!EtcdKeyRange.prefix([0xff, 0xff]).contains([0xff, 0xfe]))
        #expect(EtcdKeyRange.range("a", "c").contains("b"))
        #expect(!EtcdKeyRange.range("a", "c").contains("c"))
        #expect(EtcdKeyRange.from("b").contains("zz"))
        #expect(!EtcdKeyRange.from("b").contains("a"))
        #expect(EtcdKeyRange.all.contains([UInt8(0)]))
        #expect(!EtcdKeyRange.all.contains(""))
    }

    @Test
    func descriptionsShowNoKeys() {
        #expect("\(EtcdKeyRange.key("secret"))" == "<one key>")
        #expect("\(EtcdKeyRange.prefix("secret"))" == "<key range>")
        #expect("\(EtcdKeyRange.from("secret"))" == "<keys from one on>")
        #expect("\(EtcdKeyRange.all)" == "<all keys>")
        #expect("\(EtcdKeyRange.range("b", "a"))" == "<no keys>")
    }
}
