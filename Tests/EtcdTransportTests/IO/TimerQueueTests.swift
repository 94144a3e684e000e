// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdTransport

@Suite struct TimerQueueTests {
    @Test func timersLeaveInTheOrderOfTheirDeadlines() {
        let start = ContinuousClock.now
        var generator = SystemRandomNumberGenerator()
        let offsets = (0..<500).map { _ in Int.random(in: 0..<1000, using: &generator) }
        var queue = TimerQueue()
        for offset in offsets {
            queue.insert(EventLoopTimer(deadline: start + .milliseconds(offset)) {})
        }
        var popped: [ContinuousClock.Instant] = []
        while let timer = queue.popDue(at: start + .seconds(2)) {
            popped.append(timer.deadline)
        }
        #expect(popped == offsets.sorted().map { start + .milliseconds($0) })
    }

    @Test func whatIsNotDueStays() {
        let start = ContinuousClock.now
        var queue = TimerQueue()
        queue.insert(EventLoopTimer(deadline: start + .seconds(2)) {})
        queue.insert(EventLoopTimer(deadline: start + .seconds(1)) {})
        #expect(queue.earliest == start + .seconds(1))
        #expect(queue.popDue(at: start) == nil)
        #expect(queue.popDue(at: start + .seconds(1))?.deadline == start + .seconds(1))
        #expect(queue.popDue(at: start + .seconds(1)) == nil)
        #expect(queue.earliest == start + .seconds(2))
    }

    @Test func cancelledTimersDoNotPileUp() {
        let start = ContinuousClock.now
        var queue = TimerQueue()
        let kept = EventLoopTimer(deadline: start + .seconds(60)) {}
        queue.insert(kept)
        for offset in 0..<100_000 {
            let timer = EventLoopTimer(deadline: start + .milliseconds(offset)) {}
            queue.insert(timer)
            timer.cancel()
        }
        #expect(queue.count < 5000)
        while let timer = queue.popDue(at: start + .seconds(59)) {
            #expect(timer.isCancelled)
        }
        #expect(queue.earliest == kept.deadline)
    }
}
