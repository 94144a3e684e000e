// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct WaiterTests {
    private let loop = EventLoop.shared

    @Test
    func aValueEndsTheWaitWhetherItComesBeforeOrAfter() async {
        let early = Waiter<Int>()
        early.resolve(1)
        early.resolve(2)
        await #expect(early.outcome(in: .seconds(60), on: self.loop) == "1")

        let late = Waiter<Int>()
        async let outcome = late.outcome(in: .seconds(60), on: self.loop)
        late.resolve(3)
        #expect(await outcome == "3")
    }

    @Test
    func theDeadlineEndsTheWait() async {
        let waiter = Waiter<Int>()
        await #expect(waiter.outcome(in: .milliseconds(10), on: self.loop) == "deadline")
    }

    @Test
    func cancellationEndsTheWaitAtOnce() async {
        let waiter = Waiter<Int>()
        let task = Task { await waiter.outcome(in: .seconds(60), on: self.loop) }
        task.cancel()
        #expect(await task.value == "cancelled")
    }
}

extension Waiter<Int> {
    fileprivate func outcome(in time: Duration, on loop: EventLoop) async -> String {
        switch await self.wait(until: .now + time, on: loop) {
        case .value(let value): "\(value)"
        case .deadlinePassed: "deadline"
        case .cancelled: "cancelled"
        }
    }
}
