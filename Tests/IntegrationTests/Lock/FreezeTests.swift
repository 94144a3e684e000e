// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// Stopping a roll and letting it go on.
@Suite(.hangLimit)
struct FreezeTests {
    @Test(arguments: EtcdVersion.allCases)
    func aFrozenLockIsGrantedToNobody(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    try await first.freeze(reason: "bad build")
                    // The holder goes on, and its release grants nothing.
                    #expect(hold.isHeld)
                    #expect(try await first.queue().holder?.unitDescription == "app/0")
                    #expect(try await hold.release() == .released)
                    let queue = try await first.queue()
                    #expect(queue.freeze?.reason == "bad build")
                    #expect(queue.freeze?.by == "app/0")
                    #expect(queue.holder == nil)
                    #expect(queue.waiters.map(\.unitDescription) == ["app/1"])
                    // Nor does an attempt.
                    #expect(try await first.tryAcquire() == nil)
                    let late = await lockError {
                        _ = try await first.acquire(timeout: .milliseconds(300))
                    }
                    #expect(late?.code == .timeout)
                    #expect(try await first.unfreeze())
                    #expect(try await waiter.value.release() == .released)
                    #expect(try await !first.unfreeze())
                    #expect(try await first.queue().freeze == nil)
                }
            }
        }
    }

    @Test func aReleaseThatFreezesLetsNobodyIn() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    for round in 0..<5 {
                        let hold = try await first.acquire()
                        let journal = Journal<RollingLockProgress>()
                        let waiter = Task { try await second.acquire { journal.append($0) } }
                        try await eventually { try await first.queue().tickets.count == 2 }
                        let outcome = try await hold.release(freezing: "failed in round \(round)")
                        #expect(outcome == .released)
                        try await eventually { journal.entries.contains(.paused(.frozen)) }
                        #expect(try await first.queue().holder == nil)
                        try await first.unfreeze()
                        #expect(try await waiter.value.release() == .released)
                    }
                }
            }
        }
    }

    /// Many freeze and thaw while others take turns: at the end nobody is stuck.
    @Test func freezesAndThawsStrandNobody() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "op/0") { operators in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for unit in 0..<6 {
                        group.addTask {
                            try await fixture.withLock(unit: "app/\(unit)") { lock in
                                for _ in 0..<10 {
                                    let hold = try await lock.acquire()
                                    if unit == 0 {
                                        try await hold.release(freezing: "again")
                                    } else {
                                        try await hold.release()
                                    }
                                }
                            }
                        }
                    }
                    let thawing = Task {
                        while !Task.isCancelled {
                            try await operators.freeze(reason: "and again")
                            try await operators.unfreeze()
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                    try await group.waitForAll()
                    thawing.cancel()
                    _ = try? await thawing.value
                }
            }
            #expect(try await fixture.queueKeys() == [])
        }
    }

    @Test func aReasonThatIsTooLongChangesNothing() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let long = String(repeating: "x", count: 1025)
                let error = await lockError { try await lock.freeze(reason: long) }
                #expect(error?.code == .invalidArgument)
                let hold = try await lock.acquire()
                let other = await lockError { _ = try await hold.release(freezing: long) }
                #expect(other?.code == .invalidArgument)
                #expect(hold.isHeld)
                #expect(try await hold.release() == .released)
                #expect(try await lock.queue().freeze == nil)
            }
        }
    }
}
