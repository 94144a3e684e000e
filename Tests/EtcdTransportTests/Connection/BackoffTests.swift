// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Testing

struct BackoffTests {
    @Test
    func boundsDoubleUpToTheCapAndBeginAgain() {
        var backoff = Backoff(first: .milliseconds(300), cap: .seconds(2))
        let bounds = (0..<5).map { _ in backoff.next() }
        #expect(
            bounds == [
                .milliseconds(300), .milliseconds(600), .milliseconds(1200), .seconds(2),
                .seconds(2),
            ]
        )
        backoff.reset()
        #expect(backoff.next() == .milliseconds(300))
    }

    @Test
    func pausesLieAnywhereBetweenNothingAndTheBound() {
        let pauses = (0..<200).map { _ in Backoff.jittered(upTo: .seconds(1)) }
        #expect(pauses.allSatisfy { $0 >= .zero && $0 <= .seconds(1) })
        #expect(pauses.contains { $0 < .milliseconds(300) })
        #expect(pauses.contains { $0 > .milliseconds(700) })
    }
}
