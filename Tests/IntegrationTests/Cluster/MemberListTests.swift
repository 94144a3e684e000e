// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct MemberListTests {
    @Test(arguments: EtcdVersion.allCases)
    func allMembersAreListedAsTheyWereStarted(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            for isLinearizable in [true, false] {
                let members = try await client.cluster.members(isLinearizable: isLinearizable)
                #expect(members.map(\.name).sorted() == ["m1", "m2", "m3"])
                #expect(Set(members.map(\.id)).count == 3)
                for member in members {
                    let process = try #require(
                        cluster.members.first { $0.name == member.name }
                    )
                    #expect(member.clientURLs == [process.endpoint])
                    #expect(member.peerURLs == [process.peerURL])
                    #expect(member.isStarted && !member.isLearner)
                }
            }
            let table = try await cluster[0].etcdctl("member", "list")
            for member in try await client.cluster.members() {
                #expect(table.contains("\(member.id), started, \(member.name),"))
                #expect(EtcdMemberID("\(member.id)") == member.id)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aMemberOnItsOwnTellsWhatItKnowsButPromisesNothing(_ version: EtcdVersion) async throws {
        try await withEtcdCluster(version) { cluster in
            await cluster[1].kill()
            await cluster[2].kill()
            try await withEtcdClient(
                configuration: .init(endpoints: [cluster[0].endpoint])
            ) { client in
                #expect(try await client.cluster.members(isLinearizable: false).count == 3)
                let impatient = client.withRequestTimeout(.seconds(3)).cluster
                // etcd 3.4 knows no linearizable list, but refuses once it has noticed that there is
                // no leader.
                try await eventually {
                    let error = await etcdError { _ = try await impatient.members() }
                    return error != nil && error?.code != .malformedResponse
                }
                #expect(try await client.cluster.members(isLinearizable: false).count == 3)
            }
        }
    }
}
