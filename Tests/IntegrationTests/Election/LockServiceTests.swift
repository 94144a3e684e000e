// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// The lock that the server offers.
@Suite(.hangLimit)
struct LockServiceTests {
    private func keys(_ client: EtcdClient, _ prefix: EtcdBytes = "jobs/") async throws -> Int {
        try await client.range(.prefix(prefix), options: .init(countOnly: true)).count
    }

    @Test(arguments: EtcdVersion.allCases)
    func oneHoldsAndTheOthersWait(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let first = try await client.openLeaseSession(ttl: .seconds(20))
            let second = try await client.openLeaseSession(ttl: .seconds(20))
            let held = try await client.lockService.lock("jobs", lease: first.id)
            #expect(held.string == "jobs/\(first.id)")
            #expect(try await client.get(held)?.lease == first.id)

            // Longer than any other call of that client may take.
            let impatient = client.withRequestTimeout(.seconds(1))
            let waiter = Task { try await impatient.lockService.lock("jobs", lease: second.id) }
            try await eventually { try await self.keys(client) == 2 }
            try await Task.sleep(for: .seconds(2))
            #expect(try await self.keys(client) == 2)
            try await client.lockService.unlock(held)
            let next = try await waiter.value
            #expect(next.string == "jobs/\(second.id)")
            #expect(try await self.keys(client) == 1)
            // A key that is gone is no error.
            try await client.lockService.unlock(held)
            // The lease's end is the lock's.
            await second.close()
            #expect(try await self.keys(client) == 0)
            await first.close()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whoCancelsLeavesTheQueue(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let first = try await client.openLeaseSession(ttl: .seconds(60))
            let second = try await client.openLeaseSession(ttl: .seconds(60))
            let held = try await client.lockService.lock("jobs", lease: first.id)
            let waiter = Task { try await client.lockService.lock("jobs", lease: second.id) }
            try await eventually { try await self.keys(client) == 2 }
            waiter.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiter.value }
            // The server hears of it, and long before the lease ends.
            try await eventually { try await self.keys(client) == 1 }

            let late = await etcdErrorCode {
                _ = try await client.lockService.lock(
                    "jobs",
                    lease: second.id,
                    timeout: .milliseconds(500)
                )
            }
            #expect(late == .ambiguous)
            try await eventually { try await self.keys(client) == 1 }
            try await client.lockService.unlock(held)
            await first.close()
            await second.close()
        }
    }

    @Test func aLostConnectionIsAmbiguousAndNotRepeated() async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let first = try await client.openLeaseSession(ttl: .seconds(60))
            let second = try await client.openLeaseSession(ttl: .seconds(60))
            let held = try await client.lockService.lock("jobs", lease: first.id)
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint(through: proxy)]
            )
            try await withEtcdClient(configuration: configuration) { other in
                let waiter = Task { try await other.lockService.lock("jobs", lease: second.id) }
                try await eventually { try await self.keys(client) == 2 }
                proxy.cut()
                #expect(await etcdErrorCode { _ = try await waiter.value } == .ambiguous)
                // The other side gives the place up.
                try await eventually { try await self.keys(client) == 1 }
            }
            try await client.lockService.unlock(held)
            await first.close()
            await second.close()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theServersOwnLeaseHasToBeAskedFor(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let error = await #expect(throws: EtcdError.self) {
                try await client.lockService.lock("jobs", lease: EtcdLeaseID(0))
            }
            #expect(error?.code == .invalidArgument)
            #expect(error?.message.contains("60") == true)
            let nameless = await etcdErrorCode {
                _ = try await client.lockService.lock("", lease: EtcdLeaseID(7))
            }
            #expect(nameless == .invalidArgument)
            let timeless = await etcdErrorCode {
                _ = try await client.lockService.lock(
                    "jobs",
                    lease: EtcdLeaseID(7),
                    timeout: .zero
                )
            }
            #expect(timeless == .invalidArgument)
            let keyless = await etcdErrorCode { try await client.lockService.unlock("") }
            #expect(keyless == .invalidArgument)
            #expect(try await client.leases().isEmpty)

            let unknown = await etcdErrorCode {
                _ = try await client.lockService.lock("jobs", lease: EtcdLeaseID(7))
            }
            #expect(unknown == .leaseNotFound)

            let key = try await client.lockService.lockOnServerLease("jobs")
            let lease = try #require(try await client.get(key)?.lease)
            #expect(try await client.timeToLive(of: lease)?.granted == .seconds(60))
            try await client.lockService.unlock(key)
        }
    }

    @Test func namespacesApply() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            let app = client.namespaced("app/")
            let session = try await client.openLeaseSession(ttl: .seconds(20))
            let key = try await app.lockService.lock("jobs", lease: session.id)
            #expect(key.string == "jobs/\(session.id)")
            #expect(try await client.get("app/jobs/\(session.id)") != nil)
            try await app.lockService.unlock(key)
            #expect(try await client.get("app/jobs/\(session.id)") == nil)
            await session.close()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func onlyPermittedNamesAreLocked(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            try await client.auth.addRoot()
            try await client.auth.addUser("anna", password: "right")
            try await client.auth.addRole("anna")
            try await client.auth.grant(.init(.readWrite, .prefix("anna/")), to: "anna")
            try await client.auth.grantRole("anna", to: "anna")
            try await client.auth.enable()
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .init(user: "anna", password: "right")
            )
            try await withEtcdClient(configuration: configuration) { anna in
                let session = try await anna.openLeaseSession(ttl: .seconds(20))
                let key = try await anna.lockService.lock("anna/jobs", lease: session.id)
                try await anna.lockService.unlock(key)
                let foreign = await etcdErrorCode {
                    _ = try await anna.lockService.lock("jobs", lease: session.id)
                }
                #expect(foreign == .permissionDenied)
                await session.close()
            }
        }
    }
}
