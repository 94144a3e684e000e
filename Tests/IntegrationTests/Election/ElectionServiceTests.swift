// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// The election that the server offers.
@Suite(.hangLimit)
struct ElectionServiceTests {
    @Test(arguments: EtcdVersion.allCases)
    func leadersAreElectedProclaimAndResign(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let service = client.electionService
            #expect(try await service.leader("boss") == nil)
            let first = try await client.openLeaseSession(ttl: .seconds(20))
            let second = try await client.openLeaseSession(ttl: .seconds(20))
            let leader = try await service.campaign("boss", "one", lease: first.id)
            #expect(leader.name == "boss")
            #expect(leader.key.string == "boss/\(first.id)")
            #expect(leader.leaseID == first.id)
            let seen = try #require(try await service.leader("boss"))
            #expect(seen.value == "one")
            #expect(seen.key == leader.key)
            #expect(seen.fencingToken == leader.fencingToken)

            let waiter = Task { try await service.campaign("boss", "two", lease: second.id) }
            try await eventually { try await client.range(.prefix("boss/")).keyValues.count == 2 }
            try await service.proclaim("still one", as: leader)
            #expect(try await service.leader("boss")?.value == "still one")
            try await service.resign(leader)
            let next = try await waiter.value
            #expect(next.fencingToken > leader.fencingToken)
            #expect(try await service.leader("boss")?.value == "two")

            // The old proof is worth nothing, and harms nobody.
            let late = await etcdErrorCode { try await service.proclaim("late", as: leader) }
            #expect(late == .notElected)
            try await service.resign(leader)
            #expect(try await service.leader("boss")?.value == "two")
            // A proof can be put together again by who kept its parts.
            let copy = EtcdLeaderKey(
                name: next.name,
                key: next.key,
                fencingToken: next.fencingToken,
                leaseID: next.leaseID
            )
            #expect(copy == next)
            try await service.resign(copy)
            #expect(try await service.leader("boss") == nil)
            await first.close()
            await second.close()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anObservationFollowsTheLeader(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let service = client.electionService
            let session = try await client.openLeaseSession(ttl: .seconds(20))
            // Nobody leads for longer than a call may take.
            let impatient = client.withRequestTimeout(.seconds(1)).electionService
            let journal = Journal<String>()
            let observer = Task {
                for try await leader in try impatient.observe("boss") {
                    journal.append(leader.value.string ?? "?")
                }
            }
            try await Task.sleep(for: .seconds(2))
            let leader = try await service.campaign("boss", "one", lease: session.id)
            try await eventually { journal.entries == ["one"] }
            try await service.proclaim("two", as: leader)
            try await eventually { journal.entries == ["one", "two"] }
            try await service.resign(leader)
            let again = try await service.campaign("boss", "three", lease: session.id)
            try await eventually { journal.entries == ["one", "two", "three"] }
            try await service.resign(again)
            observer.cancel()
            await #expect(throws: CancellationError.self) { try await observer.value }
            await session.close()
        }
    }

    @Test func anObservationEndsWithItsConnection() async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let session = try await client.openLeaseSession(ttl: .seconds(20))
            _ = try await client.electionService.campaign("boss", "one", lease: session.id)
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint(through: proxy)]
            )
            try await withEtcdClient(configuration: configuration) { other in
                var leaders = try other.electionService.observe("boss").makeAsyncIterator()
                #expect(try await leaders.next()?.value == "one")
                proxy.cut()
                await #expect(throws: EtcdError.self) { _ = try await leaders.next() }
            }
            await session.close()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theServersOwnLeaseHasToBeAskedFor(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let service = client.electionService
            let codes = [
                await etcdErrorCode {
                    _ = try await service.campaign("boss", "one", lease: EtcdLeaseID(0))
                },
                await etcdErrorCode {
                    _ = try await service.campaign("", "one", lease: EtcdLeaseID(7))
                },
                await etcdErrorCode { _ = try await service.campaignOnServerLease("", "one") },
                await etcdErrorCode { _ = try await service.leader("") },
                await etcdErrorCode { _ = try service.observe("") },
            ]
            #expect(codes == Array(repeating: .invalidArgument, count: 5))
            #expect(try await client.leases().isEmpty)
            let leader = try await service.campaignOnServerLease("boss", "one")
            #expect(
                try await client.timeToLive(of: leader.leaseID)?.granted == .seconds(60)
            )
            try await service.resign(leader)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func itIsTheSameElectionAsTheClients(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let service = client.electionService
            let app = client.namespaced("app/")
            let election = try app.election("boss", root: "/e")
            let leadership = try await election.campaign("ours")
            // Seen without the namespace, and within.
            #expect(try await service.leader("app//e/boss")?.value == "ours")
            #expect(try await app.electionService.leader("/e/boss")?.key == leadership.key)
            let session = try await client.openLeaseSession(ttl: .seconds(20))
            let waiter = Task {
                try await app.electionService.campaign("/e/boss", "theirs", lease: session.id)
            }
            try await eventually { try await client.range(.prefix("app/")).keyValues.count == 2 }
            try await leadership.resign()
            let theirs = try await waiter.value
            #expect(theirs.name == "/e/boss")
            #expect(try await election.leader()?.fencingToken == theirs.fencingToken)
            let ours = Task { try await election.campaign("ours again") }
            try await eventually { try await client.range(.prefix("app/")).keyValues.count == 2 }
            try await app.electionService.proclaim("still theirs", as: theirs)
            #expect(try await election.leader()?.value == "still theirs")
            try await app.electionService.resign(theirs)
            try await ours.value.resign()
            await session.close()
        }
    }

    @Test func whoCancelsLeavesTheElection() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            let service = client.electionService
            let first = try await client.openLeaseSession(ttl: .seconds(60))
            let second = try await client.openLeaseSession(ttl: .seconds(60))
            let leader = try await service.campaign("boss", "one", lease: first.id)
            let waiter = Task { try await service.campaign("boss", "two", lease: second.id) }
            try await eventually { try await client.range(.prefix("boss/")).keyValues.count == 2 }
            waiter.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiter.value }
            try await eventually { try await client.range(.prefix("boss/")).keyValues.count == 1 }
            try await service.resign(leader)
            await first.close()
            await second.close()
        }
    }
}
