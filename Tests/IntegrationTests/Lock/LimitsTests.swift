// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// Locks that several hold together.
@Suite(.hangLimit)
struct LimitsTests {
    @Test(arguments: EtcdVersion.allCases)
    func asManyHoldTheLockAsItHasSlots(version: EtcdVersion) async throws {
        let limits = try RollingLockLimits.slots(2)
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0", configure: { $0.limits = limits }) { lock in
                let first = try await lock.acquire()
                let second = try #require(try await lock.tryAcquire())
                #expect(try await lock.tryAcquire() == nil)
                let third = Task { try await lock.acquire() }
                try await eventually { try await lock.queue().tickets.count == 3 }
                let fourth = Task { try await lock.acquire() }
                try await eventually { try await lock.queue().tickets.count == 4 }
                let queue = try await lock.queue()
                #expect(queue.limits == limits)
                #expect(
                    queue.holders.map(\.createRevision)
                        == [first.fencingToken, second.fencingToken]
                )
                // The order is kept, whichever slot becomes free.
                #expect(try await second.release() == .released)
                let next = try await third.value
                #expect(try await lock.queue().holders.count == 2)
                #expect(try await first.release() == .released)
                let last = try await fourth.value
                #expect(next.fencingToken < last.fencingToken)
                try await next.release()
                try await last.release()
            }
        }
    }

    @Test func whoWantsOtherLimitsIsRefusedWithBoth() async throws {
        let quarter = try RollingLockLimits.percent(25, ofUnits: 12)
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0", configure: { $0.limits = quarter }) { lock in
                let hold = try await lock.acquire()
                for other in [try RollingLockLimits.slots(3), .one] {
                    try await fixture.withLock(
                        unit: "app/1",
                        configure: { $0.limits = other }
                    ) { second in
                        for attempt in [second.acquireAndRelease, second.tryToAcquire] {
                            let error = await lockError { try await attempt() }
                            #expect(error?.code == .limitsDiffer)
                            #expect(error?.message.contains("25 % of 12 units") == true)
                            #expect(error?.message.contains("\(other)") == true)
                        }
                    }
                }
                // Who says nothing follows.
                try await fixture.withLock(unit: "app/2") { third in
                    try await third.acquireAndRelease()
                }
                #expect(try await lock.queue().tickets.count == 1)
                try await hold.release()
            }
        }
    }

    @Test func limitsAreNotBroughtInWhileSomebodyReliesOnOthers() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { plain in
                let hold = try await plain.acquire()
                let limits = try RollingLockLimits.slots(2)
                try await fixture.withLock(
                    unit: "app/1",
                    configure: { $0.limits = limits }
                ) { second in
                    let error = await lockError { try await second.acquireAndRelease() }
                    #expect(error?.code == .limitsDiffer)
                    // An operator may change them, and who waits follows.
                    let waiter = Task { try await plain.acquire() }
                    try await eventually { try await plain.queue().tickets.count == 2 }
                    try await second.setLimits(limits)
                    let other = try await waiter.value
                    #expect(hold.isHeld)
                    try await second.setLimits(.one)
                    try await other.release()
                    try await hold.release()
                    let wish = await lockError { try await second.acquireAndRelease() }
                    #expect(wish?.code == .limitsDiffer)
                }
                try await fixture.withLock(unit: "app/2", configure: { $0.limits = .one }) {
                    try await $0.acquireAndRelease()
                }
            }
        }
    }

    @Test func groupsTakeTurns() async throws {
        let limits = try RollingLockLimits.slots(3)
        try await withLockFixture(.v3_5) { fixture in
            func withGroup(
                _ group: EtcdBytes,
                _ body: (RollingLock) async throws -> Void
            )
                async throws
            {
                try await fixture.withLock(
                    unit: group,
                    configure: {
                        $0.limits = limits
                        $0.group = group
                    },
                    body
                )
            }
            try await withGroup("rack1") { rack1 in
                try await withGroup("rack2") { rack2 in
                    let first = try await rack1.acquire()
                    let second = try await rack1.acquire()
                    let other = Task { try await rack2.acquire() }
                    try await eventually { try await rack1.queue().tickets.count == 3 }
                    // Behind another group nobody of the first one overtakes it.
                    let late = Task { try await rack1.acquire() }
                    try await eventually { try await rack1.queue().tickets.count == 4 }
                    #expect(try await rack1.queue().holders.map(\.group) == ["rack1", "rack1"])
                    try await first.release()
                    #expect(try await rack1.queue().holders.count == 1)
                    try await second.release()
                    let held = try await other.value
                    #expect(try await rack1.queue().holders.map(\.group) == ["rack2"])
                    try await held.release()
                    try await late.value.release()
                }
            }
        }
    }

    @Test func readersHoldTogetherAndTheWriterAlone() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let reader = try await first.acquire(mode: .shared)
                    let beside = try #require(try await second.tryAcquire(mode: .shared))
                    #expect(try await second.tryAcquire() == nil)
                    let writer = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 3 }
                    // A reader does not overtake the writer.
                    #expect(try await first.tryAcquire(mode: .shared) == nil)
                    let late = Task { try await first.acquire(mode: .shared) }
                    try await eventually { try await first.queue().tickets.count == 4 }
                    let modes = try await first.queue().tickets.map(\.mode)
                    #expect(modes == [.shared, .shared, .exclusive, .shared])
                    #expect(try await first.queue().holders.count == 2)
                    try await reader.release()
                    #expect(try await first.queue().holders.count == 1)
                    try await beside.release()
                    let held = try await writer.value
                    #expect(try await first.queue().holders.map(\.mode) == [.exclusive])
                    try await held.release()
                    try await late.value.release()
                }
            }
        }
    }

    @Test func theSharedModeGoesWithNothingElse() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let changes: [@Sendable (inout RollingLock.Configuration) throws -> Void] = [
                { $0.limits = try .slots(2) }, { $0.group = "rack1" },
            ]
            for change in changes {
                try await fixture.withLock(
                    unit: "app/0",
                    configure: { try? change(&$0) }
                ) { lock in
                    let error = await lockError { _ = try await lock.acquire(mode: .shared) }
                    #expect(error?.code == .invalidArgument)
                }
            }
        }
    }
}

extension RollingLock {
    fileprivate func acquireAndRelease() async throws {
        try await self.acquire(timeout: .seconds(20)).release()
    }

    fileprivate func tryToAcquire() async throws {
        _ = try await self.tryAcquire()
    }
}
