// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Glibc
import RollingLock
import Testing

/// A lock that is lost is noticed at once, by who holds it and by who waits.
@Suite(.hangLimit)
struct LossTests {
    @Test(arguments: EtcdVersion.allCases)
    func aHoldersBodyIsCancelledWhenItsTicketIsDeleted(version: EtcdVersion) async throws {
        let journal = Journal<RollingLockProgress>()
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let error = await lockError {
                    try await lock.withLock(onProgress: { journal.append($0) }) { hold in
                        let key = try #require(hold.key.string)
                        try await fixture.etcd.etcdctl("del", key)
                        do {
                            try await Task.sleep(for: .seconds(60))
                            Issue.record("the body was not cancelled")
                        } catch {
                            // Taking no notice must not hide the loss.
                        }
                        #expect(!hold.isHeld)
                        #expect(hold.state == .lost(.ticketDeleted))
                    }
                }
                #expect(error?.code == .lost)
                #expect(error?.lossReason == .ticketDeleted)
                #expect(journal.entries.last == .lost(.ticketDeleted))
                // The session is as good as before.
                try await lock.withLock(timeout: .seconds(20)) { _ in }
            }
        }
    }

    @Test func theLeaseOfAHolderThatWasLostByTheClockEndsByItself() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let proxy = try FaultProxy(to: fixture.etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                // Nobody but the hold keeps the lock, whose idle time does not count then.
                let hold = try await RollingLock(
                    client: client,
                    configuration: .init(clusterID: "blue", unit: "app/0", leaseTTL: .seconds(8))
                ).acquire()
                proxy.blackHole()
                try await eventually { !hold.isHeld }
                proxy.heal()
                // Whoever stops now has the margin to do so.
                try await eventually { try await fixture.queueKeys().isEmpty }
                let revocations = await fixture.etcd.calls(of: "LeaseRevoke", in: "Lease")
                #expect(revocations == 0)
                withExtendedLifetime(hold) {}
            }
        }
    }

    @Test func aLossThatOnlyTheReleaseShowsIsReportedAndThrown() async throws {
        let journal = Journal<RollingLockProgress>()
        try await withLockFixture(.v3_5) { fixture in
            let proxy = try FaultProxy(to: fixture.etcd.port)
            defer { proxy.close() }
            try await fixture.withLock(
                unit: "app/0",
                endpoint: "127.0.0.1:\(proxy.port)"
            ) { lock in
                let error = await lockError {
                    try await lock.withLock(onProgress: { journal.append($0) }) { hold in
                        // The body ends before its client can hear of the deletion.
                        let key = try #require(hold.key.string)
                        proxy.delay(.seconds(1))
                        try await fixture.etcd.etcdctl("del", key)
                    }
                }
                #expect(error?.lossReason == .ticketDeleted)
                #expect(journal.entries.last == .lost(.ticketDeleted))
                proxy.heal()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aWaiterWhoseLeaseIsRevokedFailsWhileTheHolderHolds(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    let lease = try #require(try await first.queue().waiters.first?.leaseID)
                    try await fixture.etcd.etcdctl("lease", "revoke", "\(lease)")
                    let error = await lockError { _ = try await waiter.value }
                    #expect(error?.code == .lost)
                    #expect(hold.isHeld)

                    // The next attempt comes with a new lease.
                    let again = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    try await hold.release()
                    let next = try await again.value
                    #expect(next.leaseID != lease)
                    try await next.release()
                }
            }
        }
    }

    @Test func aHolderWhoseLeaseIsRevokedIsTold() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                try await fixture.etcd.etcdctl("lease", "revoke", "\(hold.leaseID)")
                let reason = try await hold.waitUntilLost()
                #expect(reason == .ticketDeleted || reason == .leaseRevoked)
                #expect(try await hold.release() == .alreadyGone)
                try await lock.withLock(timeout: .seconds(20)) { _ in }
            }
        }
    }

    /// The one cut off knows before the next one gets the lock.
    @Test func aHolderThatIsCutOffStopsBeforeTheNextBegins() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let proxy = try FaultProxy(to: fixture.etcd.port)
            defer { proxy.close() }
            let journal = Journal<String>()
            let states = Journal<RollingLockProgress>()
            try await fixture.withLock(
                unit: "app/0",
                leaseTTL: .seconds(3),
                endpoint: "127.0.0.1:\(proxy.port)"
            ) { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let holder = Task {
                        try await first.withLock(onProgress: { states.append($0) }) { hold in
                            proxy.blackHole()
                            try? await Task.sleep(for: .seconds(60))
                            #expect(!hold.isHeld)
                            journal.append("first stopped")
                        }
                    }
                    try await eventually { try await second.queue().tickets.count == 1 }
                    let next = try await second.acquire()
                    journal.append("second began")
                    let error = await lockError { try await holder.value }
                    #expect(error?.lossReason == .leaseExpired)
                    #expect(journal.entries == ["first stopped", "second began"])
                    #expect(
                        states.entries.contains {
                            if case .suspect = $0 { true } else { false }
                        }
                    )
                    try await next.release()
                    proxy.heal()
                }
            }
        }
    }

    @Test func aLockOutlivesARestartOfEtcdAndTheQueueKeepsItsOrder() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let journal = Journal<Int>()
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    try await fixture.withLock(unit: "app/2") { third in
                        let hold = try await first.acquire()
                        var waiters: [Task<Void, any Error>] = []
                        for (index, lock) in [second, third, second, third].enumerated() {
                            waiters.append(
                                Task {
                                    try await lock.withLock { _ in journal.append(index) }
                                }
                            )
                            try await eventually {
                                try await fixture.queueKeys().count == index + 2
                            }
                        }
                        await fixture.etcd.kill()
                        try await fixture.etcd.startAgain()
                        #expect(hold.isHeld)
                        #expect(try await hold.release() == .released)
                        for waiter in waiters { try await waiter.value }
                        #expect(journal.entries == [0, 1, 2, 3])
                    }
                }
            }
            #expect(try await fixture.queueKeys() == [])
        }
    }

    @Test func withoutEtcdTheLockIsUnavailable() async throws {
        let port = try LoopbackPort.free()
        var configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(port)"])
        configuration.requestTimeout = .seconds(1)
        let client = try EtcdClient(configuration: configuration)
        let lock = try RollingLock(
            client: client,
            configuration: .init(clusterID: "blue", unit: "app/0")
        )
        let acquired = await lockError { _ = try await lock.acquire() }
        #expect(acquired?.code == .unavailable)
        let tried = await lockError { _ = try await lock.tryAcquire() }
        #expect(tried?.code == .unavailable)
        let listed = await lockError { _ = try await lock.queue() }
        #expect(listed?.code == .unavailable)
        await lock.shutdown()
        await client.shutdown()
    }
}
