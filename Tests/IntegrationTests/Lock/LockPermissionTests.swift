// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// With nothing but readwrite on the cluster's prefix.
@Suite(.hangLimit)
struct LockPermissionTests {
    @Test(arguments: EtcdVersion.allCases)
    func onePrefixIsEnough(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await self.grant(LockFixture.clusterPrefix, fixture.etcd)
            let credentials = EtcdClient.Credentials(user: "app", password: "secret")
            try await fixture.withLock(unit: "app/0", credentials: credentials) { first in
                try await fixture.withLock(unit: "app/1", credentials: credentials) { second in
                    let hold = try #require(try await first.tryAcquire())
                    let waiter = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    #expect(try await hold.release() == .released)
                    #expect(try await waiter.value.release() == .released)
                    let detached = try await first.acquire().detach(ttl: .seconds(600))
                    let extended = try await first.extend(detached, ttl: .seconds(600))
                    #expect(try await first.adopt(extended).release() == .released)
                    let again = try await first.acquire().detach(ttl: .seconds(600))
                    #expect(try await first.release(again) == .released)
                    #expect(try await first.queue().tickets == [])
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anotherPrefixIsRefusedWithTheNameOfTheMissingOne(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await self.grant("/rollingops/default/green/", fixture.etcd)
            let credentials = EtcdClient.Credentials(user: "app", password: "secret")
            try await fixture.withLock(unit: "app/0", credentials: credentials) { lock in
                let calls: [@Sendable () async throws -> Void] = [
                    { _ = try await lock.acquire(timeout: .seconds(30)) },
                    { _ = try await lock.tryAcquire() },
                    { _ = try await lock.queue() },
                    { for try await _ in lock.queueUpdates() {} },
                ]
                for call in calls {
                    let error = await lockError(call)
                    #expect(error?.code == .permissionDenied)
                    #expect(error?.message.contains(LockFixture.clusterPrefix) == true)
                }
            }
        }
    }

    /// A unit may not delete what another one left that died, and waits for it once all the same.
    @Test func anUncleanEndIsWaitedForOnceByWhoMayNotBuryIt() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let left = LockFixture.clusterPrefix + "v1/default/open/app%2F0/7-0000000000000000"
            try await fixture.etcd.etcdctl("put", left, "x")
            try await self.grantUnit(fixture.etcd)
            try await fixture.withLock(
                unit: "app/1",
                credentials: .init(user: "app", password: "secret"),
                configure: {
                    $0.takeoverDelay = .seconds(2)
                    $0.idleTime = .milliseconds(100)
                }
            ) { lock in
                let begin = ContinuousClock.now
                #expect(try await lock.acquire().release() == .released)
                #expect(ContinuousClock.now - begin >= .seconds(2))
                #expect(try await lock.queue().orphans.map(\.unitDescription) == ["app/0"])
                // Also after it has let go of its watch.
                for pause in [0, 0, 500] {
                    try await Task.sleep(for: .milliseconds(pause))
                    let journal = Journal<RollingLockProgress>()
                    let hold = try await lock.acquire { journal.append($0) }
                    #expect(journal.entries == [.held(fencingToken: hold.fencingToken)])
                    #expect(try await hold.release() == .released)
                }
            }
        }
    }

    /// A user that may write beneath its own unit's name only.
    private func grantUnit(_ etcd: EtcdProcess) async throws {
        let lock = LockFixture.clusterPrefix + "v1/default"
        try await self.grant(
            LockFixture.clusterPrefix,
            etcd,
            permission: "read",
            enabling: false
        )
        for key in ["queue/app%2F1/", "open/app%2F1/", "released/app%2F1"] {
            try await etcd.etcdctl(
                "role",
                "grant-permission",
                "app",
                "--prefix",
                "readwrite",
                "\(lock)/\(key)"
            )
        }
        try await etcd.etcdctl("auth", "enable")
    }

    private func grant(
        _ prefix: String,
        _ etcd: EtcdProcess,
        permission: String = "readwrite",
        enabling: Bool = true
    ) async throws {
        try await etcd.etcdctl("user", "add", "root:root")
        try await etcd.etcdctl("user", "grant-role", "root", "root")
        try await etcd.etcdctl("role", "add", "app")
        try await etcd.etcdctl("role", "grant-permission", "app", "--prefix", permission, prefix)
        try await etcd.etcdctl("user", "add", "app:secret")
        try await etcd.etcdctl("user", "grant-role", "app", "app")
        if enabling { try await etcd.etcdctl("auth", "enable") }
    }
}
