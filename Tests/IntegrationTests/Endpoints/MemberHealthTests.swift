// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@testable import EtcdKit

/// Members that are there and of no use.
@Suite(.hangLimit, .serialized)
struct MemberHealthTests {
    enum Fault: CaseIterable {
        case frozen, blackHole, isolated
    }

    private func begin(
        _ fault: Fault,
        of member: EtcdProcess,
        in cluster: EtcdTestSupport.EtcdCluster
    ) {
        switch fault {
        case .frozen: member.pause()
        case .blackHole: member.proxy.blackHole()
        case .isolated: cluster.isolate(member)
        }
    }

    /// The member that calls of this client go to, which does not lead then.
    private func followerInUse(
        by client: EtcdClient,
        in cluster: EtcdTestSupport.EtcdCluster
    ) async throws -> EtcdProcess {
        let endpoint = client.core.pool.readyConnection(for: .unary)?.endpoint.port
        let member = try #require(cluster.members.first { $0.proxy.port == endpoint })
        if try await cluster.leader() === member {
            try await cluster.moveLeader(to: cluster.members.first { $0 !== member })
        }
        return member
    }

    private func state(
        of member: EtcdProcess,
        for client: EtcdClient
    ) -> ConnectionPool.MemberState? {
        client.core.pool.snapshot().members
            .first { $0.endpoint.port == member.proxy.port }?.state
    }

    @Test(arguments: EtcdVersion.allCases)
    func callsGoOnElsewhereAndComeBackWhenAllIsWell(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, proxied: true) { cluster, client in
            try await client.put("a", "0")
            for fault in Fault.allCases {
                let member = try await self.followerInUse(by: client, in: cluster)
                try await client.put("a", "1")
                self.begin(fault, of: member, in: cluster)

                // A read under way moves; a write under way does not, and later ones go elsewhere.
                async let found = client.get("a")
                async let stuck = etcdError { try await client.put("stuck", "\(fault)") }
                let start = ContinuousClock.now
                while true {
                    let hurried = client.withRequestTimeout(.milliseconds(300))
                    if await etcdError({ try await hurried.put("a", "2") }) == nil { break }
                }
                let gap = ContinuousClock.now - start
                #expect(gap < .seconds(5), "\(fault)")
                #expect(try await found != nil, "\(fault)")
                #expect(ContinuousClock.now - start < .seconds(8), "\(fault)")
                #expect(client.core.pool.readyConnection(for: .unary) != nil)
                guard case .quarantined = self.state(of: member, for: client) else {
                    Issue.record(
                        "\(fault): \(String(describing: self.state(of: member, for: client)))"
                    )
                    return
                }
                let failure = client.core.pool.knownFailures.first
                #expect(failure?.endpoint.port == member.proxy.port)

                member.resume()
                try cluster.heal()
                // Either it was answered after all, or it is not known.
                if let error = await stuck {
                    #expect(error.code == .ambiguous || error.code == .noLeader, "\(fault)")
                }
                // Probed, and trusted again without a call of the user's.
                try await eventually(within: .seconds(60)) {
                    self.state(of: member, for: client) == .unused
                }
            }
        }
    }

    @Test
    func anEndpointThatIsAloneGetsANewConnectionAndIsNotGivenUp() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            try await withEtcdClient(
                configuration: .init(endpoints: ["127.0.0.1:\(proxy.port)"])
            ) { client in
                try await client.put("a", "1")
                etcd.pause()
                async let found = client.get("a")
                try await eventually { proxy.acceptedConnections > 1 }
                etcd.resume()
                #expect(try await found?.value == "1")
            }
        }
    }

    @Test
    func withoutALeaderNobodyIsLeftForGood() async throws {
        try await withClusterAndClient(.v3_5, proxied: true) { cluster, client in
            try await client.put("a", "1")
            for member in cluster.members { cluster.isolate(member) }
            let error = await etcdError {
                try await client.withRequestTimeout(.seconds(6)).put("a", "2")
            }
            #expect(error != nil)
            let connections = cluster.members.map(\.proxy.acceptedConnections).reduce(0, +)
            // Nobody goes round and round.
            #expect(connections < 40)
            try cluster.heal()
            try await eventually { await etcdError { try await client.put("a", "3") } == nil }
        }
    }
}
