// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

@Suite
struct ReconnectBackoffTests {
    @Test
    func theFirstAttemptIsMadeAtOnceAndTheOthersWaitLonger() {
        var backoff = ReconnectBackoff()
        #expect(backoff.streamEnded(after: nil) == .zero)
        #expect(backoff.streamEnded(after: nil) == .milliseconds(50))
        #expect(backoff.streamEnded(after: nil) == .milliseconds(100))
        for _ in 1...20 { _ = backoff.streamEnded(after: nil) }
        #expect(backoff.streamEnded(after: nil) == .seconds(2))
    }

    @Test
    func onlyAStreamThatLivedForAWhileStartsAnew() {
        var backoff = ReconnectBackoff()
        _ = backoff.streamEnded(after: nil)
        #expect(backoff.streamEnded(after: .milliseconds(10)) == .milliseconds(50))
        #expect(backoff.streamEnded(after: .seconds(2)) == .zero)
    }
}
