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

    private func grant(_ prefix: String, _ etcd: EtcdProcess) async throws {
        try await etcd.etcdctl("user", "add", "root:root")
        try await etcd.etcdctl("user", "grant-role", "root", "root")
        try await etcd.etcdctl("role", "add", "app")
        try await etcd.etcdctl("role", "grant-permission", "app", "--prefix", "readwrite", prefix)
        try await etcd.etcdctl("user", "add", "app:secret")
        try await etcd.etcdctl("user", "grant-role", "app", "app")
        try await etcd.etcdctl("auth", "enable")
    }
}
