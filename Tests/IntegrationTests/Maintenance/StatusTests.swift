// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Calls that are for one member.
@Suite(.hangLimit)
struct StatusTests {
    @Test(arguments: EtcdVersion.allCases)
    func eachMemberAnswersForItself(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            let leader = try await cluster.leader()
            for process in cluster.members {
                let status = try await client.maintenance.status(at: process.endpoint)
                #expect(try await client.cluster.id(of: process.name) == status.memberID)
                #expect(status.isLeader == (process === leader))
                #expect(status.leader != nil)
                #expect(status.version == version.rawValue)
                #expect(status.databaseSize > 0 && status.databaseSizeInUse > 0)
                #expect(status.databaseSizeInUse <= status.databaseSize)
                #expect(status.raftTerm > 0 && status.raftIndex > 0 && status.raftAppliedIndex > 0)
                #expect(status.errors == [] && !status.isLearner)
                // What only newer servers tell.
                #expect(status.databaseSizeQuota == nil && status.storageVersion == nil)
                #expect(status.downgrade == nil)
            }
            let current = try await client.maintenance.status()
            let ids = try await client.cluster.members().map(\.id)
            #expect(ids.contains(current.memberID))
        }
    }

    @Test func aMemberThatIsDownIsNotReplacedByAnother() async throws {
        try await withClusterAndClient(.v3_5) { cluster, client in
            let third = cluster[2].endpoint
            _ = try await client.maintenance.status(at: third)
            await cluster[2].kill()
            let impatient = client.withRequestTimeout(.seconds(2)).maintenance
            let error = await etcdError { _ = try await impatient.status(at: third) }
            #expect(error?.endpoint == third)
            #expect(error?.code == .connectionRefused)
            try await cluster[2].startAgain()
            let status = try await client.maintenance.status(at: third)
            #expect(try await client.cluster.id(of: "m3") == status.memberID)
        }
    }

    @Test func aMemberOutsideTheConfigurationCanBeAsked() async throws {
        try await withEtcdCluster(.v3_5) { cluster in
            let configuration = EtcdClient.Configuration(endpoints: [cluster[0].endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                // Ten at once share a connection; asking again finds it still there.
                let proxy = try FaultProxy(to: cluster[1].port)
                defer { proxy.close() }
                for _ in 0..<2 {
                    try await withThrowingTaskGroup(of: EtcdMemberID.self) { group in
                        for _ in 0..<10 {
                            group.addTask {
                                let endpoint = "127.0.0.1:\(proxy.port)"
                                return try await client.maintenance.status(at: endpoint).memberID
                            }
                        }
                        let expected = try await client.cluster.id(of: "m2")
                        for try await id in group { #expect(id == expected) }
                    }
                }
                #expect(proxy.acceptedConnections == 1)
                await client.shutdown()
                try await eventually { proxy.openConnections == 0 }
                let error = await etcdError {
                    _ = try await client.maintenance.status(at: "127.0.0.1:\(proxy.port)")
                }
                #expect(error?.code == .closed)
            }
        }
    }

    @Test func endpointsOfCallsAreCheckedLikeThoseOfTheConfiguration() async throws {
        let plain = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let secure = try EtcdClient(
            configuration: .init(endpoints: ["127.0.0.1:1"], tls: .init())
        )
        let errors = [
            await etcdError { _ = try await plain.maintenance.status(at: "") },
            await etcdError { _ = try await plain.maintenance.status(at: "127.0.0.1:x") },
            await etcdError { _ = try await plain.maintenance.hash(at: "ftp://127.0.0.1") },
            await etcdError { _ = try await plain.maintenance.status(at: "https://127.0.0.1:1") },
            await etcdError { _ = try await secure.maintenance.status(at: "http://127.0.0.1:1") },
            await etcdError { try await plain.maintenance.defragment(at: "a/b") },
        ]
        #expect(errors.map { $0?.code } == Array(repeating: .invalidEndpoint, count: 6))
        await plain.shutdown()
        await secure.shutdown()
    }

    @Test(arguments: EtcdVersion.allCases)
    func namedMembersAreReachedByTLSAndWithAToken(_ version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("tls")
        let certificates = try TestCertificates.make(in: folder.path)
        let options = EtcdProcess.Options(
            tls: .init(certificates, requiresClientCertificate: false)
        )
        try await withEtcd(version, options) { etcd in
            try await etcd.etcdctl("user", "add", "root:pw")
            try await etcd.etcdctl("user", "grant-role", "root", "root")
            try await etcd.etcdctl("auth", "enable")
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                tls: .init(certificateAuthorities: .file(certificates.ca)),
                credentials: .init(user: "root", password: "pw")
            )
            try await withEtcdClient(configuration: configuration) { client in
                let endpoint = etcd.endpoint(through: proxy)
                let status = try await client.maintenance.status(at: endpoint)
                #expect(status.isLeader)
                _ = try await client.maintenance.hashKV(at: endpoint)
                #expect(proxy.acceptedConnections == 1)
            }
        }
    }
}
