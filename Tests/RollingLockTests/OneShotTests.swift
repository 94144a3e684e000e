// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import RollingLock

@Suite struct OneShotTests {
    @Test func allWhoWaitGetTheFirstValue() async throws {
        let shot = OneShot<Int>()
        let tasks = (0..<10).map { _ in Task { try await shot.value() } }
        await Task.yield()
        #expect(shot.fulfil(1))
        #expect(!shot.fulfil(2))
        for task in tasks { #expect(try await task.value == 1) }
        #expect(try await shot.value() == 1)
    }

    @Test func aCancelledTaskStopsWaiting() async {
        let shot = OneShot<Int>()
        for _ in 0..<200 {
            let task = Task { try await shot.value() }
            if Bool.random() { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }

    @Test func patienceEndsAlsoInACancelledTask() async {
        let shot = OneShot<Int>()
        let task = Task { await shot.value(within: .milliseconds(1)) }
        task.cancel()
        #expect(await task.value == nil)
        shot.fulfil(3)
        #expect(await shot.value(within: .seconds(60)) == 3)
    }
}
