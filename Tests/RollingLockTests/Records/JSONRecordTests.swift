// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@testable import RollingLock

@Suite struct JSONRecordTests {
    private func parse(_ text: String) -> JSONRecord? {
        JSONRecord(parsing: Array(text.utf8))
    }

    @Test func aTicketRecordComesBack() {
        let record = TicketRecord(
            unit: "app/0",
            since: .init(millisecondsSince1970: 1_795_438_200_123),
            reason: "re\"start\\ \n\t\u{1} 日本 🚦"
        )
        #expect(TicketRecord(reading: record.encoded) == record)
    }

    @Test func theJSONIsPlain() {
        let record = TicketRecord(
            unit: "app/0",
            since: .init(millisecondsSince1970: 5),
            reason: nil
        )
        #expect(record.encoded == #"{"version":1,"unit":"app/0","since_ms":5}"#)
    }

    @Test func whatALaterVersionAddsIsSkipped() {
        let text = #"""
            { "version": 2, "sig": {"kid": ["a", 1.5e3, null, {"x": true}]}, "unit": "a\/0",
              "flags": [], "o": {}, "reason": "\u00e9\ud83d\udea6", "since_ms": -7 }
            """#
        let record = TicketRecord(reading: EtcdBytes(text))
        #expect(record.unit == "a/0")
        #expect(record.reason == "é🚦")
        #expect(record.since == .init(millisecondsSince1970: -7))
    }

    @Test(arguments: [
        "", " ", "null", "[]", "7", "{", "}", "{]", "{}x", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
        "{a:1}", "{\"a\":1 \"b\":2}", "{\"a\":\"\u{1}\"}", "{\"a\":\"x}", "{\"a\":\"\\q\"}",
        "{\"a\":\"\\u12\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud800\\u0041\"}",
        "{\"a\":\"\\udc00\"}", "{\"a\":-}", "{\"a\":tru}", "lock", "\u{0}",
    ])
    func whatIsNoObjectIsNothing(text: String) {
        #expect(self.parse(text) == nil)
        #expect(
            TicketRecord(reading: EtcdBytes(text))
                == TicketRecord(unit: nil, since: nil, reason: nil)
        )
    }

    @Test func nestingIsBounded() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(self.parse("{\"a\":\(deep)") == nil)
        let nested =
            String(repeating: "{\"a\":", count: 10) + "1" + String(repeating: "}", count: 10)
        #expect(self.parse(nested) != nil)
    }

    @Test func anInvalidStringIsNothing() {
        #expect(JSONRecord(parsing: Array("{\"a\":\"".utf8) + [0xff] + Array("\"}".utf8)) == nil)
    }

    @Test func numbersThatDoNotFitAreSkipped() {
        let record = self.parse(#"{"since_ms":99999999999999999999,"unit":"u"}"#)
        #expect(record?[integer: "since_ms"] == nil)
        #expect(record?[string: "unit"] == "u")
    }

    @Test func mutatedRecordsNeverTrap() {
        var random = SeededGenerator(seed: 2)
        let record = TicketRecord(
            unit: "app/0",
            since: .init(millisecondsSince1970: 1),
            reason: "\u{1}é\\"
        )
        for _ in 0..<5000 {
            var bytes = record.encoded.bytes
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: 0...255, using: &random)
            }
            _ = TicketRecord(reading: EtcdBytes(bytes.prefix(.random(in: 0...80, using: &random))))
        }
    }

    @Test func aReleaseRecordComesBack() {
        let record = ReleaseRecord(fencingToken: 42, at: .init(millisecondsSince1970: 7))
        #expect(ReleaseRecord(reading: record.encoded) == record)
    }
}
