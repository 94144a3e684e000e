// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// Whoever leaves, leaves nothing behind.
@Suite(.hangLimit)
struct LeavingTests {
    @Test func aTimeoutThrowsAndLeavesNothing() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    for timeout in [Duration.zero, .milliseconds(300)] {
                        let error = await lockError {
                            try await second.withLock(timeout: timeout) { _ in
                                _ = Issue.record("the body must not run")
                            }
                        }
                        #expect(error?.code == .timeout)
                    }
                    try await eventually { try await fixture.queueKeys() == [hold.key.string] }
                    #expect(hold.isHeld)
                    try await hold.release()
                    // And it is as good as new.
                    try await second.withLock(timeout: .seconds(20)) { _ in }
                }
            }
        }
    }

    @Test func aCancelledWaiterLeavesTheQueue() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await fixture.queueKeys().count == 2 }
                    waiter.cancel()
                    await #expect(throws: CancellationError.self) { try await waiter.value }
                    try await eventually { try await fixture.queueKeys() == [hold.key.string] }
                }
            }
        }
    }

    @Test func aCancelledWaiterReturnsAtOnceWhileEtcdHangs() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await fixture.queueKeys().count == 2 }
                    fixture.etcd.pause()
                    let start = ContinuousClock.now
                    waiter.cancel()
                    await #expect(throws: CancellationError.self) { try await waiter.value }
                    // Far below any timeout of a request.
                    #expect(ContinuousClock.now - start < .seconds(2))
                    fixture.etcd.resume()
                    try await eventually { try await fixture.queueKeys() == [hold.key.string] }
                }
            }
        }
    }

    @Test func cancelledInAnyMomentNothingIsLeft() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                for microseconds in stride(from: 0, to: 3000, by: 60) {
                    let task = Task {
                        let hold = try await lock.acquire()
                        try await hold.release()
                    }
                    try await Task.sleep(for: .microseconds(microseconds))
                    task.cancel()
                    _ = await task.result
                }
                try await eventually { try await fixture.queueKeys() == [] }
                // A late transaction would bring a ticket back; the lock must stay usable.
                try await lock.withLock(timeout: .seconds(20)) { _ in }
                #expect(try await fixture.queueKeys() == [])
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aTryLeavesNothingBehind(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try #require(try await first.tryAcquire(reason: "try"))
                    #expect(hold.isHeld)
                    #expect(try await fixture.queueKeys() == [hold.key.string])
                    let before = try await second.queue().revision
                    #expect(try await second.tryAcquire() == nil)
                    #expect(try await first.tryAcquire() == nil)
                    #expect(try await second.queue().revision == before)
                    #expect(try await hold.release() == .released)
                    let next = try #require(try await second.tryAcquire())
                    #expect(next.fencingToken > hold.fencingToken)
                    #expect(try await next.release() == .released)
                }
            }
        }
    }

    @Test func aTicketTakenByATryIsWatchedToo() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try #require(try await lock.tryAcquire())
                try await fixture.etcd.etcdctl("del", "--prefix", LockFixture.queue + "/")
                #expect(try await hold.waitUntilLost() == .ticketDeleted)
                #expect(!hold.isHeld)
            }
        }
    }

    @Test func aReleaseRepeatedLaterLeavesTheNextHoldAlone() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let old = try await lock.acquire()
                #expect(try await old.release() == .released)
                let new = try await lock.acquire()
                #expect(new.leaseID == old.leaseID)
                // The worst case: only the create revision tells the tickets apart.
                #expect(new.key == old.key)
                #expect(new.fencingToken > old.fencingToken)
                #expect(try await old.release() == .released)
                // The same transaction once more, as a lost answer would have it.
                let again = EtcdTransaction(
                    when: [.createRevision(of: old.key, .equal, old.fencingToken)],
                    then: [.delete(old.key)]
                )
                let configuration = EtcdClient.Configuration(endpoints: [fixture.etcd.endpoint])
                let wasThere = try await withEtcdClient(configuration: configuration) {
                    try await $0.commit(again).succeeded
                }
                #expect(!wasThere)
                #expect(try await fixture.queueKeys() == [new.key.string])
                #expect(new.isHeld)
                #expect(try await new.release() == .released)
            }
        }
    }

    @Test func aReleaseLeavesAMarkerWithItsToken() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                try await hold.release()
                let key = LockFixture.clusterPrefix + "v1/default/released/app%2F0"
                let value = try await fixture.etcd.etcdctl("get", key, "--print-value-only")
                #expect(value.contains("\"fencing_token\":\(hold.fencingToken)"))
            }
        }
    }

    @Test func aShutDownLockThrowsAndLeavesNothing() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await fixture.queueKeys().count == 2 }
                    await second.shutdown()
                    let waited = await lockError { _ = try await waiter.value }
                    #expect(waited?.code == .closed)
                    let refused = await lockError { _ = try await second.acquire() }
                    #expect(refused?.code == .closed)
                    #expect(try await fixture.queueKeys() == [hold.key.string])
                    await first.shutdown()
                    #expect(try await fixture.queueKeys() == [])
                    #expect(hold.state == .lost(.closed))
                    #expect(try await hold.release() == .alreadyGone)
                }
            }
        }
    }

    @Test func anIdleLockGivesItsLeaseBack() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let configuration = EtcdClient.Configuration(endpoints: [fixture.etcd.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                var settings = RollingLock.Configuration(clusterID: "blue", unit: "app/0")
                settings.idleTime = .milliseconds(100)
                let lock = try RollingLock(client: client, configuration: settings)
                let first = try await lock.acquire()
                try await first.release()
                try await eventually {
                    try await fixture.etcd.etcdctl("lease", "list").hasSuffix("0 leases")
                }
                let second = try await lock.acquire()
                #expect(second.leaseID != first.leaseID)
                try await second.release()
                await lock.shutdown()
            }
        }
    }

    @Test func aLockThatIsLetGoGivesItsLeaseBackOnceNothingIsHeld() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let configuration = EtcdClient.Configuration(endpoints: [fixture.etcd.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                let hold = try await RollingLock(
                    client: client,
                    configuration: .init(clusterID: "blue", unit: "app/0")
                ).acquire()
                // The work that the hold protects may still be going on.
                try await Task.sleep(for: .milliseconds(300))
                #expect(hold.isHeld)
                #expect(try await fixture.queueKeys() == [hold.key.string])
                try await hold.release()
                try await eventually {
                    try await fixture.etcd.etcdctl("lease", "list").hasSuffix("0 leases")
                }
            }
        }
    }
}
