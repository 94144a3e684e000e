// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Several endpoints, of which one fails.
@Suite(.hangLimit)
struct FailoverTests {
    /// One server behind two addresses: either can be broken without an election.
    private func withTwoWays(
        _ body: (FaultProxy, FaultProxy, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcd(.v3_5) { etcd in
            let first = try FaultProxy(to: etcd.port)
            let second = try FaultProxy(to: etcd.port)
            defer {
                first.close()
                second.close()
            }
            let configuration = EtcdClient.Configuration(
                endpoints: [first, second].map { "127.0.0.1:\($0.port)" }
            )
            try await withEtcdClient(configuration: configuration) { client in
                _ = try await client.get("a")
                // Whichever the client chose comes first.
                let isFirst = first.openConnections > 0
                try await body(isFirst ? first : second, isFirst ? second : first, client)
            }
        }
    }

    @Test
    func aRefusedEndpointIsLeftForAnother() async throws {
        try await self.withTwoWays { current, other, client in
            current.refuse()
            current.cut()
            _ = try await client.get("a")
            try await client.put("a", "1")
            #expect(other.openConnections == 1)
        }
    }

    @Test
    func aReadLeavesAnEndpointThatHangsAndWritesFollow() async throws {
        try await self.withTwoWays { current, other, client in
            try await client.put("a", "1")
            current.blackHole()
            let found = try await client.withRequestTimeout(.seconds(4)).get("a")
            #expect(found?.value == "1")
            try await client.put("a", "2")
            #expect(other.openConnections == 1)
        }
    }

    @Test
    func aWriteThatHangsIsAmbiguousAndTheNextGoesElsewhere() async throws {
        try await self.withTwoWays { current, other, client in
            current.blackHole()
            let error = await #expect(throws: EtcdError.self) {
                try await client.withRequestTimeout(.milliseconds(300)).put("a", "1")
            }
            #expect(error?.code == .ambiguous)
            // The member is asked now. Until that shows that it hangs a write would go there, too.
            _ = try await client.get("a")
            try await client.put("a", "2")
            #expect(other.openConnections == 1)
        }
    }

    @Test
    func manyCallersShareTheNewConnection() async throws {
        try await self.withTwoWays { current, other, client in
            current.refuse()
            current.cut()
            _ = try await client.get("a")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<64 {
                    group.addTask { _ = try await client.get("\(index)") }
                }
                try await group.waitForAll()
            }
            #expect(other.acceptedConnections == 1)
        }
    }

    @Test
    func watchesAndRenewalsLeaveAnEndpointThatFallsSilent() async throws {
        try await self.withTwoWays { current, other, client in
            let watch = try await client.watch(.key("a"))
            let session = try await client.openLeaseSession(ttl: .seconds(20))
            let direct = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(other.port)"])
            try await withEtcdClient(configuration: direct) { writer in
                let before = session.deadline
                let start = ContinuousClock.now
                current.blackHole()
                try await writer.put("a", "1")
                #expect(try await watch.events(1).map(\.keyValue.value) == ["1"])
                // The connection's own PINGs would take 14 s.
                #expect(ContinuousClock.now - start < .seconds(12))
                try await eventually { session.deadline > before }
                #expect(try await writer.timeToLive(of: session.id) != nil)
            }
            current.heal()
            await session.close()
        }
    }

    @Test func watchesAndLeasesLeaveEndpointsThatAreTakenAway() async throws {
        try await withClusterAndClient(.v3_5, proxied: true) { cluster, client in
            let watch = try await client.watch(.key("a"))
            let sessions = [
                try await client.openLeaseSession(ttl: .seconds(6)),
                try await client.openLeaseSession(ttl: .seconds(6), renewalStream: .separate),
            ]
            for (number, member) in cluster.members.enumerated() {
                try client.cluster.replaceEndpoints([member.endpoint(through: member.proxy)])
                try await self.expectConnections(to: member, only: cluster)
                for session in sessions { try await self.expectRenewal(of: session) }
                let value = EtcdBytes("\(number)")
                try await client.put("a", value)
                let batch = try #require(try await watch.nextBatch())
                #expect(batch.events.map(\.keyValue.value) == [value])
            }
            for session in sessions { session.abandon() }
        }
    }

    private func expectConnections(
        to member: EtcdProcess,
        only cluster: EtcdTestSupport.EtcdCluster
    ) async throws {
        try await eventually {
            cluster.members.allSatisfy { $0 === member || $0.proxy.openConnections == 0 }
        }
    }

    private func expectRenewal(of session: EtcdLeaseSession) async throws {
        let before = session.deadline
        try await eventually { session.deadline > before }
        if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
    }
}
