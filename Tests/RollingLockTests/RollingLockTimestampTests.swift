// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import RollingLock
import Testing

@Suite struct RollingLockTimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (951_782_400_000, "2000-02-29T00:00:00Z"),
        (1_795_438_199_999, "2026-11-23T12:49:59Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
    ])
    func printsAsISO8601(milliseconds: Int64, text: String) {
        let timestamp = RollingLockTimestamp(millisecondsSince1970: milliseconds)
        #expect(timestamp.description == text)
    }

    @Test func extremesDoNotTrap() {
        for milliseconds in [Int64.min, .max] {
            let timestamp = RollingLockTimestamp(millisecondsSince1970: milliseconds)
            #expect(!timestamp.description.isEmpty)
            #expect(timestamp.duration(to: .now) != .zero)
        }
    }

    @Test func nowIsAfterThisWasWritten() {
        #expect(RollingLockTimestamp.now > .init(millisecondsSince1970: 1_700_000_000_000))
    }
}
