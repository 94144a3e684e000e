// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Changes of the membership, and what the server refuses.
@Suite(.hangLimit)
struct MembershipTests {
    private static let unknown = EtcdMemberID(0xdead)

    @Test(arguments: EtcdVersion.allCases)
    func aLearnerIsAddedStartedPromotedAndRemoved(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, size: 1) { running, client in
            let cluster = client.cluster
            let place = try running.makePlace()
            let added = try await cluster.addMember(peerURLs: [place.peerURL], isLearner: true)
            #expect(added.isLearner && !added.isStarted)
            #expect(added.peerURLs == [place.peerURL] && added.clientURLs == [])

            // It is there, but not ready, and there may be only one.
            #expect(try await cluster.members().contains(added))
            let existing = await etcdError {
                _ = try await cluster.addMember(peerURLs: [place.peerURL])
            }
            #expect(existing?.code == .memberExists)
            let other = try running.makePlace().peerURL
            let crowded = await etcdError {
                _ = try await cluster.addMember(peerURLs: [other], isLearner: true)
            }
            #expect(crowded?.code == .tooManyLearners)
            let early = await etcdError { try await cluster.promoteMember(added.id) }
            #expect(early?.code == .learnerNotReady)

            let learner = try await running.startMember(at: place)
            let status = try await client.maintenance.status(at: learner.endpoint)
            #expect(status.isLearner && status.memberID == added.id && !status.isLeader)
            try await cluster.promoteWhenReady(added.id)
            let promoted = try await cluster.members()
            #expect(promoted.allSatisfy { !$0.isLearner && $0.isStarted })
            let again = await etcdError { try await cluster.promoteMember(added.id) }
            #expect(again?.code == .memberNotLearner)

            try await client.put("a", "1")
            try await cluster.removeWhenHealthy(added.id)
            #expect(try await cluster.members().map(\.name) == ["m1"])
            let gone = await etcdError { try await cluster.removeMember(added.id) }
            #expect(gone?.code == .memberNotFound)
            // What was removed stops by itself.
            try await eventually { !learner.isRunning }
            try await client.put("a", "2")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func peerURLsAreChanged(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, size: 1) { running, client in
            let id = try await client.cluster.id(of: "m1")
            let urls = [running[0].peerURL, try running.makePlace().peerURL].sorted()
            let members = try await client.cluster.updateMember(id, peerURLs: urls)
            #expect(members.map { $0.peerURLs.sorted() } == [urls])
            #expect(try await client.cluster.members().map { $0.peerURLs.sorted() } == [urls])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func membersThatAreNotThereAreNotFound(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, size: 1) { _, client in
            let cluster = client.cluster
            let unknown = Self.unknown
            let errors = [
                await etcdError { try await cluster.removeMember(unknown) },
                await etcdError { try await cluster.promoteMember(unknown) },
                await etcdError {
                    try await cluster.updateMember(unknown, peerURLs: ["http://127.0.0.1:1"])
                },
            ]
            #expect(errors.map { $0?.code } == [.memberNotFound, .memberNotFound, .memberNotFound])
        }
    }

    /// Three members, of which one is down, are two that must agree.
    @Test(arguments: EtcdVersion.allCases)
    func changesThatRiskTheMajorityAreRefused(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { running, client in
            let cluster = client.cluster
            let live = try await cluster.id(of: "m1")
            let dead = try await cluster.id(of: "m3")
            await running[2].kill()
            let place = try running.makePlace()
            try await eventually {
                let adding = await etcdError {
                    _ = try await cluster.addMember(peerURLs: [place.peerURL])
                }
                return adding?.code == .unhealthyCluster
            }
            let removing = await etcdError { try await cluster.removeMember(live) }
            #expect(removing?.code == .unhealthyCluster)
            // The dead one may go; then the cluster is whole again.
            #expect(try await cluster.removeMember(dead).count == 2)
            try await client.put("a", "1")
        }
    }

    @Test func whatCannotBeRightIsRefusedBeforeItIsSent() async throws {
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let cluster = client.cluster
        let url = "http://127.0.0.1:2380"
        let errors = [
            await etcdError { _ = try await cluster.addMember(peerURLs: []) },
            await etcdError { _ = try await cluster.addMember(peerURLs: [url, url]) },
            await etcdError { try await cluster.updateMember(EtcdMemberID(1), peerURLs: []) },
            await etcdError { try await cluster.updateMember(EtcdMemberID(0), peerURLs: [url]) },
            await etcdError { try await cluster.removeMember(EtcdMemberID(0)) },
            await etcdError { try await cluster.promoteMember(EtcdMemberID(0)) },
        ]
        #expect(errors.allSatisfy { $0?.code == .invalidArgument })
        // An etcd that is asked to update takes any of these.
        for url in [
            "", "127.0.0.1:2380", "http://127.0.0.1", "http://127.0.0.1:1/path", "http://a:1/",
            "unix://run:1", "http://:2380", "http://[::1]", "http://0.0.0.0:2380", "http://a:02380",
        ] {
            let adding = await etcdError { _ = try await cluster.addMember(peerURLs: [url]) }
            #expect(adding?.code == .invalidArgument, "\(url)")
            let updating = await etcdError {
                try await cluster.updateMember(EtcdMemberID(1), peerURLs: [url])
            }
            #expect(updating?.code == .invalidArgument, "\(url)")
        }
        await client.shutdown()
    }
}
