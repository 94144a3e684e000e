// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

@testable import RollingLock

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("app-0", "app-0"),
        ("app/0", "app%2F0"),
        ("100%", "100%25"),
        ("%2F", "%252F"),
        ("a b", "a%20b"),
        ("\u{0}", "%00"),
        ("é", "%C3%A9"),
        ("~!$&'()*+,;=:@._-", "~!$&'()*+,;=:@._-"),
    ])
    func encodesWhatAPathElementCannotHold(name: String, encoded: String) {
        #expect(PercentEncoding.encode(Array(name.utf8)) == Array(encoded.utf8))
        #expect(PercentEncoding.decode(Array(encoded.utf8)) == Array(name.utf8))
    }

    @Test func everyByteComesBack() {
        let all = (0...255).map { UInt8($0) }
        let encoded = PercentEncoding.encode(all)
        #expect(!encoded.contains(UInt8(ascii: "/")))
        #expect(PercentEncoding.decode(encoded) == all)
    }

    @Test(arguments: ["%", "%2", "%2f", "%41", "%GG", "a/b", " ", "%2F%", "\u{ff}"])
    func refusesWhatItWouldNotWrite(element: String) {
        #expect(PercentEncoding.decode(Array(element.utf8)) == nil)
    }

    @Test func neverFailsOnRandomBytes() {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<2000 {
            let length = Int.random(in: 0..<12, using: &random)
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(PercentEncoding.decode(PercentEncoding.encode(bytes)) == bytes)
            if let decoded = PercentEncoding.decode(bytes) {
                #expect(PercentEncoding.encode(decoded) == bytes)
            }
        }
    }
}
