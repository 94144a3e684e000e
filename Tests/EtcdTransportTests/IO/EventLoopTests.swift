// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import EtcdTransport

@Suite(.timeLimit(.minutes(5))) struct EventLoopTests {
    @Test func workRunsInOrderOnOneThread() async {
        let loop = EventLoop(name: "test-loop")
        let seen = Mutex<[Int]>([])
        await withCheckedContinuation { continuation in
            for number in 0..<1000 {
                loop.execute {
                    loop.checkIsolated()
                    seen.withLock { $0.append(number) }
                }
            }
            loop.execute { continuation.resume() }
        }
        #expect(seen.withLock { $0 } == Array(0..<1000))
        #expect(!loop.isCurrent)
        loop.stop()
    }

    @Test func timersFireInOrderAndCancelledOnesDoNot() async {
        let loop = EventLoop(name: "test-loop")
        let seen = Mutex<[String]>([])
        let start = ContinuousClock.now
        await withCheckedContinuation { continuation in
            // In one piece of work, so that no timer rings before the others are set.
            loop.execute {
                loop.schedule(at: start + .milliseconds(30)) {
                    seen.withLock { $0.append("late") }
                    continuation.resume()
                }
                loop.schedule(at: start + .milliseconds(10)) {
                    seen.withLock { $0.append("early") }
                }
                loop.schedule(at: start + .milliseconds(5)) {
                    seen.withLock { $0.append("never") }
                }.cancel()
                loop.schedule(at: start) { seen.withLock { $0.append("at once") } }
            }
        }
        #expect(seen.withLock { $0 } == ["at once", "early", "late"])
        loop.stop()
    }

    private actor Resident {
        nonisolated let loop: EventLoop
        private var count = 0

        init(loop: EventLoop) {
            self.loop = loop
        }

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            self.loop.executorForActors
        }

        func visit() -> Int {
            self.loop.checkIsolated()
            self.count += 1
            return self.count
        }
    }

    @Test func actorsLiveOnTheLoop() async {
        let loop = EventLoop(name: "test-loop")
        let resident = Resident(loop: loop)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<100 {
                group.addTask { _ = await resident.visit() }
            }
        }
        #expect(await resident.visit() == 101)
        loop.stop()
    }
}
