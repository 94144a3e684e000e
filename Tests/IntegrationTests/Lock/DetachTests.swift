// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// A held lock that outlives its client, and comes back with another one.
@Suite(.hangLimit)
struct DetachTests {
    @Test(arguments: EtcdVersion.allCases)
    func aDetachedLockIsHeldUntilAnotherClientReleasesIt(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            let journal = Journal<RollingLockDetachedTicket>()
            let (token, detached) = try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                let detached = try await hold.detach(ttl: .seconds(600)) { journal.append($0) }
                #expect(hold.state == .released)
                let outcome = try await hold.release()
                #expect(outcome == .notMine)
                return (hold.fencingToken, detached)
            }
            // Both leases were written down before the move, one is left after it.
            let recorded = try #require(journal.entries.first)
            #expect(journal.entries.count == 1)
            #expect(recorded.formerLeaseID != nil && recorded.leaseID == detached.leaseID)
            #expect(detached.formerLeaseID == nil && detached.fencingToken == token)
            let keys = try await fixture.queueKeys()
            #expect(keys == [detached.key.string])

            try await fixture.withLock(unit: "app/1") { other in
                let taken = try await other.tryAcquire()
                #expect(taken == nil)
                let waiting = Task { try await other.acquire() }
                try await fixture.withLock(unit: "app/0") { lock in
                    let hold = try await lock.adopt(detached)
                    #expect(hold.fencingToken == token && hold.isHeld)
                    let holder = try await lock.queue().holder
                    #expect(holder?.leaseID == hold.leaseID)
                    let outcome = try await hold.release()
                    #expect(outcome == .released)
                }
                let next = try await waiting.value
                #expect(next.fencingToken > token)
                _ = try await next.release()
            }
        }
    }

    @Test func ofSeveralWhoAdoptATicketOneSucceeds() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let detached = try await fixture.withLock(unit: "app/0") { lock in
                try await lock.acquire().detach(ttl: .seconds(600))
            }
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/0") { second in
                    let hold = try await first.adopt(detached)
                    let error = await lockError { _ = try await second.adopt(detached) }
                    #expect(error?.code == .invalidArgument)
                    let late = await lockError {
                        _ = try await second.extend(detached, ttl: .seconds(600))
                    }
                    #expect(late?.code == .invalidArgument)
                    #expect(hold.isHeld)
                    let outcome = try await hold.release()
                    #expect(outcome == .released)
                    let gone = await lockError { _ = try await second.adopt(detached) }
                    #expect(gone?.code == .lost)
                }
            }
        }
    }

    @Test func aDetachedTicketMeansNothingElsewhere() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let detached = try await fixture.withLock(unit: "app/0") { lock in
                try await lock.acquire().detach(ttl: .seconds(600))
            }
            try await fixture.withLock(unit: "app/1") { lock in
                let error = await lockError { _ = try await lock.adopt(detached) }
                #expect(error?.code == .invalidArgument)
            }
            try await fixture.withLock(unit: "app/0") { lock in
                var restored = detached
                restored.etcdClusterID ^= 1
                let lost = await lockError { [restored] in _ = try await lock.adopt(restored) }
                #expect(lost?.code == .lost)
                var older = detached
                older.fencingToken = 1
                let gone = await lockError { [older] in _ = try await lock.adopt(older) }
                #expect(gone?.code == .lost)
                let kept = try await lock.release(older)
                #expect(kept == .notMine)
                // It was not held in the cluster that is there, and does not stand in the way of it.
                let removed = try await lock.release(restored)
                #expect(removed == .alreadyGone)
                let keys = try await fixture.queueKeys()
                #expect(keys.isEmpty)
            }
        }
    }

    @Test func aDetachedLockEndsWithItsLease() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let detached = try await fixture.withLock(unit: "app/0") { lock in
                try await lock.acquire().detach(ttl: .seconds(2))
            }
            try await fixture.withLock(unit: "app/1") { lock in
                _ = try await lock.acquire(timeout: .seconds(60)).release()
            }
            try await fixture.withLock(unit: "app/0") { lock in
                let lost = await lockError { _ = try await lock.adopt(detached) }
                #expect(lost?.code == .lost)
                let outcome = try await lock.release(detached)
                #expect(outcome == .alreadyGone)
            }
        }
    }

    @Test func aRecordThatCannotBeWrittenLeavesTheLockAsItWas() async throws {
        struct DiskFull: Error {}
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                await #expect(throws: DiskFull.self) {
                    _ = try await hold.detach(ttl: .seconds(600)) { _ in throw DiskFull() }
                }
                #expect(hold.isHeld)
                let holder = try await lock.queue().holder
                #expect(holder?.leaseID == hold.leaseID)
                let outcome = try await hold.release()
                #expect(outcome == .released)
            }
        }
    }

    @Test func anAdoptedLockIsLostWhenItsTicketIsDeleted() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let detached = try await lock.acquire().detach(ttl: .seconds(600))
                let hold = try await lock.adopt(detached)
                try await fixture.etcd.etcdctl("del", try #require(hold.key.string))
                let reason = try await hold.waitUntilLost()
                #expect(reason == .ticketDeleted)
            }
        }
    }
}
