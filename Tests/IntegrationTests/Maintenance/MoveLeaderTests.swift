// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct MoveLeaderTests {
    @Test(arguments: EtcdVersion.allCases)
    func theLeadershipMovesFromWhereverTheClientIsConnected(_ version: EtcdVersion) async throws {
        try await withEtcdCluster(version) { cluster in
            // A client that knows one follower only finds the leader by itself.
            for start in cluster.members {
                let configuration = EtcdClient.Configuration(endpoints: [start.endpoint])
                try await withEtcdClient(configuration: configuration) { client in
                    for target in cluster.members {
                        let id = try await client.cluster.id(of: target.name)
                        try await client.maintenance.moveLeader(to: id)
                        try await eventually {
                            try await client.maintenance.status(at: target.endpoint).isLeader
                        }
                    }
                }
            }
            #expect(try await cluster.leader() === cluster[2])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func onlyAVotingMemberCanLead(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, size: 1) { running, client in
            let maintenance = client.maintenance
            let unknown = await etcdError { try await maintenance.moveLeader(to: .init(0xdead)) }
            #expect(unknown?.code == .invalidArgument)
            let zero = await etcdError { try await maintenance.moveLeader(to: .init(0)) }
            #expect(zero?.code == .invalidArgument)
            let place = try running.makePlace()
            let learner = try await client.cluster.addMember(
                peerURLs: [place.peerURL],
                isLearner: true
            )
            let refused = await etcdError { try await maintenance.moveLeader(to: learner.id) }
            #expect(refused?.code == .invalidArgument)
            // Who leads already keeps leading.
            try await maintenance.moveLeader(to: try await client.cluster.id(of: "m1"))
        }
    }

    @Test func aLeaderThatNoEndpointLeadsToIsNamed() async throws {
        let options = EtcdProcess.Options(
            arguments: ["--advertise-client-urls", "http://0.0.0.0:2379"]
        )
        try await withEtcdCluster(.v3_5, options) { cluster in
            let leader = try await cluster.leader()
            let follower = try #require(try await cluster.followers().first)
            let configuration = EtcdClient.Configuration(endpoints: [follower.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                let target = try await client.cluster.id(of: follower.name)
                let leaderID = try await client.cluster.id(of: leader.name)
                let error = await etcdError {
                    let impatient = client.withRequestTimeout(.seconds(2))
                    try await impatient.maintenance.moveLeader(to: target)
                }
                #expect(error?.code == .noLeader)
                #expect(error?.message.contains("\(leaderID)") == true)
            }
            // With all endpoints the leader is found without its help.
            try await withEtcdClient(
                configuration: .init(endpoints: cluster.endpoints)
            ) { client in
                let target = try await client.cluster.id(of: follower.name)
                try await client.maintenance.moveLeader(to: target)
                #expect(try await client.maintenance.status(at: follower.endpoint).isLeader)
            }
        }
    }
}
