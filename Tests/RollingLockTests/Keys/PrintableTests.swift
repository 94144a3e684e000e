// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RollingLock

@Suite struct PrintableTests {
    @Test func namesThatATerminalCannotShowAreEncoded() {
        #expect(Printable.name(Array("日本/0".utf8)) == "日本/0")
        #expect(Printable.name([0x1b, 0x5b, 0xff]) == "%1B%5B%FF")
        #expect(Printable.name(Array("a\u{202e}b".utf8)) == "a%E2%80%AEb")
    }

    @Test func textLosesWhatSteersATerminal() {
        #expect(Printable.text("rest\u{1b}[2Jart\n") == "rest\u{fffd}[2Jart\u{fffd}")
    }

    @Test func bothAreBounded() {
        #expect(Printable.name([UInt8](repeating: 0x61, count: 1 << 20)).utf8.count == 1024)
        let text = String(repeating: "é", count: 1 << 20)
        #expect(Printable.text(text).utf8.count < 1100)
    }
}
