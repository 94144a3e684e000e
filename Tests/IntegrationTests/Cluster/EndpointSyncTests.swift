// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct EndpointSyncTests {
    @Test(arguments: EtcdVersion.allCases)
    func theClientLearnsOfAllMembersAndOutlivesItsOwnEndpoint(
        _ version: EtcdVersion
    ) async throws {
        try await withEtcdCluster(version) { cluster in
            let own = cluster[0].endpoint
            try await withEtcdClient(configuration: .init(endpoints: [own])) { client in
                let first = try await client.cluster.syncEndpoints()
                #expect(first.endpoints.first == own)
                #expect(Set(first.endpoints) == Set(cluster.endpoints))
                #expect(Set(first.added) == Set(cluster.endpoints.dropFirst()))
                #expect(first.removed == [] && first.skipped == [])
                let again = try await client.cluster.syncEndpoints()
                #expect(again.endpoints == first.endpoints)
                #expect(again.added == [] && again.removed == [])

                await cluster[0].kill()
                try await eventually {
                    // While the others elect a leader.
                    await etcdError { try await client.put("a", "1") } == nil
                }
                let dead = try await client.cluster.id(of: "m1")
                try await client.cluster.removeMember(dead)
                // What the configuration names stays, even of a member that was removed.
                let last = try await client.cluster.syncEndpoints()
                #expect(last.endpoints == first.endpoints && last.removed == [])
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func membersThatComeAndGoAreFollowed(_ version: EtcdVersion) async throws {
        try await withEtcdCluster(version, size: 1) { running in
            let own = running[0].endpoint
            try await withEtcdClient(configuration: .init(endpoints: [own])) { client in
                let cluster = client.cluster
                let place = try running.makePlace()
                let added = try await cluster.addMember(peerURLs: [place.peerURL], isLearner: true)
                // Learners do not serve writes, and members that do not run have no URLs.
                let before = try await cluster.syncEndpoints().skipped
                #expect(before.map(\.member) == [added.id])
                #expect(before.map(\.url) == [nil] && before.map(\.reason) == [.learner])
                let second = try await running.startMember(at: place)
                #expect(try await cluster.syncEndpoints().skipped == before)
                try await cluster.promoteWhenReady(added.id)
                let grown = try await cluster.syncEndpoints()
                #expect(grown.endpoints == [own, second.endpoint] && grown.skipped == [])
                #expect(grown.added == [second.endpoint])

                try await cluster.removeWhenHealthy(added.id)
                let shrunk = try await cluster.syncEndpoints()
                #expect(shrunk.endpoints == [own])
                #expect(shrunk.removed == [second.endpoint])
                try await client.put("a", "1")
            }
        }
    }

    @Test func whatNobodyCanConnectToIsSkippedAndReported() async throws {
        let urls = "http://0.0.0.0:2379,http://[::]:2379,http://127.0.0.1:1,https://127.0.0.1:2"
        let options = EtcdProcess.Options(arguments: ["--advertise-client-urls", urls])
        try await withEtcdAndClient(.v3_5, options) { etcd, client in
            let sync = try await client.cluster.syncEndpoints()
            #expect(sync.endpoints == [etcd.endpoint, "http://127.0.0.1:1"])
            let reasons = Dictionary(
                uniqueKeysWithValues: sync.skipped.map { ($0.url, $0.reason) }
            )
            #expect(
                reasons == [
                    "http://0.0.0.0:2379": .unspecifiedHost,
                    "http://[::]:2379": .unspecifiedHost,
                    "https://127.0.0.1:2": .needsTLS,
                ]
            )
            try await client.put("a", "1")
        }
    }

    @Test func aClusterThatDoesNotAnswerChangesNothing() async throws {
        try await withEtcdCluster(.v3_5) { cluster in
            let own = cluster[0].endpoint
            try await withEtcdClient(configuration: .init(endpoints: [own])) { client in
                let before = try await client.cluster.syncEndpoints()
                for member in cluster.members { await member.kill() }
                let impatient = client.withRequestTimeout(.seconds(1)).cluster
                #expect(await etcdError { _ = try await impatient.syncEndpoints() } != nil)
                // All endpoints are still there: any two members bring the cluster back.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for member in cluster.members.dropFirst() {
                        group.addTask { try await member.startAgain() }
                    }
                    try await group.waitForAll()
                }
                let after = try await client.cluster.syncEndpoints()
                #expect(after.endpoints == before.endpoints)
                #expect(after.added == [] && after.removed == [])
            }
        }
    }
}
