// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// What the next may do after a unit came to an unclean end.
@Suite(.hangLimit)
struct TakeoverTests {
    private static let delay = Duration.seconds(2)

    /// The keys that tickets leave which did not end cleanly.
    private func openKeys(_ fixture: LockFixture) async throws -> [String] {
        let prefix = LockFixture.clusterPrefix + "v1/default/open/"
        return try await fixture.etcd.etcdctl("get", "--prefix", "--keys-only", prefix)
            .split(separator: "\n").map(String.init)
    }

    private func revoke(_ lease: EtcdLeaseID, _ fixture: LockFixture) async throws {
        try await fixture.etcd.etcdctl("lease", "revoke", "\(lease)")
    }

    @Test(arguments: EtcdVersion.allCases)
    func afterAnUncleanEndTheNextWaitsForTheDelay(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(
                    unit: "app/1",
                    configure: { $0.takeoverDelay = Self.delay }
                ) { second in
                    let hold = try await first.acquire()
                    let journal = Journal<RollingLockProgress>()
                    let waiter = Task { try await second.acquire { journal.append($0) } }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    let before = ContinuousClock.now
                    try await self.revoke(hold.leaseID, fixture)
                    let next = try await waiter.value
                    #expect(ContinuousClock.now - before >= Self.delay)
                    #expect(journal.entries.contains(.paused(.takeover(unit: "app/0"))))
                    // What the dead left is gone, so nobody waits for it again.
                    try await eventually { try await self.openKeys(fixture).count == 1 }
                    #expect(try await next.release() == .released)
                    #expect(try await self.openKeys(fixture) == [])
                    _ = try? await hold.release()
                }
            }
        }
    }

    @Test func anUncleanEndBeforeTheFirstWaiterIsWaitedForToo() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                let hold = try await first.acquire()
                try await self.revoke(hold.leaseID, fixture)
                try await eventually { try await first.queue().orphans.count == 1 }
                let orphan = try #require(try await first.queue().orphans.first)
                #expect(orphan.unitDescription == "app/0")
                try await fixture.withLock(
                    unit: "app/1",
                    configure: { $0.takeoverDelay = Self.delay }
                ) { second in
                    let before = ContinuousClock.now
                    // Whoever only tries would find it so for ever.
                    let next = try #require(try await second.tryAcquire())
                    #expect(ContinuousClock.now - before >= Self.delay)
                    #expect(try await next.release() == .released)
                }
            }
        }
    }

    @Test func ownersThatAreDoneEndCleanly() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                // A release, a loss that the owner has taken notice of, a wait that was given up.
                #expect(try await lock.acquire().release() == .released)
                let lost = try await lock.acquire()
                try await self.revoke(lost.leaseID, fixture)
                try await eventually { !lost.isHeld }
                #expect(try await lost.release() == .alreadyGone)
                try await eventually { try await self.openKeys(fixture) == [] }
                let held = try await lock.acquire()
                let waiting = await lockError {
                    _ = try await lock.acquire(timeout: .milliseconds(200))
                }
                #expect(waiting?.code == .timeout)
                try await eventually { try await self.openKeys(fixture).count == 1 }
                _ = held
                // And a shutdown, which gives the held lock up.
            }
            #expect(try await self.openKeys(fixture) == [])
        }
    }

    @Test func anEvictedHolderIsGivenTheTimeToStop() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(
                    unit: "app/1",
                    configure: { $0.takeoverDelay = .seconds(60) }
                ) { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    let holder = try #require(try await second.queue().holder)
                    #expect(try await second.evict(holder, reason: "it hangs"))
                    try await eventually { !hold.isHeld }
                    // Its owner says that it has stopped: nobody waits out the minute.
                    #expect(try await hold.release() == .alreadyGone)
                    #expect(try await waiter.value.release() == .released)
                }
            }
        }
    }

    @Test func aHoldersDeathFreezesTheLockIfThatIsWanted() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(
                    unit: "app/1",
                    configure: {
                        $0.takeoverDelay = .milliseconds(500)
                        $0.onHolderDeath = .freeze
                    }
                ) { second in
                    let hold = try await first.acquire()
                    let journal = Journal<RollingLockProgress>()
                    let waiter = Task { try await second.acquire { journal.append($0) } }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    try await self.revoke(hold.leaseID, fixture)
                    try await eventually { journal.entries.contains(.paused(.frozen)) }
                    let freeze = try #require(try await second.queue().freeze)
                    #expect(freeze.reason?.contains("app/0") == true)
                    #expect(freeze.by == "app/1")
                    #expect(try await second.unfreeze())
                    #expect(try await waiter.value.release() == .released)
                    _ = try? await hold.release()
                }
            }
        }
    }
}
