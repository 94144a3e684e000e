// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Members that still have the connection of a watch and have nothing to say any more.
@Suite(.hangLimit, .serialized)
struct WatchLivenessTests {
    @Test(arguments: EtcdVersion.allCases)
    func aWatchLeavesMembersThatServeNoLonger(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, proxied: true) { cluster, client in
            let watch = try await client.watch(.key("a"))
            var number = 0
            /// Writes by way of another member, and waits for the event.
            func writeAndWait(without broken: EtcdProcess?) async throws -> EtcdWatchBatch {
                number += 1
                let value = EtcdBytes("\(number)")
                let others = cluster.members.filter { $0 !== broken }
                let direct = EtcdClient.Configuration(endpoints: others.map(\.endpoint))
                try await withEtcdClient(configuration: direct) { writer in
                    // What is left of the cluster may have to elect a leader first.
                    _ = try await writer.withRequestTimeout(.seconds(60)).get("a")
                    try await writer.put("a", value)
                }
                let batch = try #require(try await watch.nextBatch())
                #expect(batch.events.map(\.keyValue.value) == [value])
                return batch
            }
            /// The member that the watch is on at present.
            func serving() async throws -> EtcdProcess {
                let batch = try await writeAndWait(without: nil)
                let members = try await client.cluster.members()
                let name = members.first { $0.id.rawValue == batch.header.memberID }?.name
                return try #require(cluster.members.first { $0.name == name })
            }

            // Cut off from the others: its clients still reach it.
            let isolated = try await serving()
            var start = ContinuousClock.now
            cluster.isolate(isolated)
            _ = try await writeAndWait(without: isolated)
            // Without `hasleader` and questions it would take for ever.
            #expect(ContinuousClock.now - start < .seconds(12))
            try cluster.heal()

            // Frozen: the connection's own PINGs would take 14 s.
            let frozen = try await serving()
            start = .now
            frozen.pause()
            _ = try await writeAndWait(without: frozen)
            #expect(ContinuousClock.now - start < .seconds(12))
            frozen.resume()

            // Restarted.
            let killed = try await serving()
            await killed.kill()
            start = .now
            _ = try await writeAndWait(without: killed)
            #expect(ContinuousClock.now - start < .seconds(10))
            try await killed.startAgain()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aWatchLeavesASilentServerBehindTheOnlyEndpoint(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            var configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint(through: proxy)]
            )
            configuration.keepAliveInterval = .seconds(20)
            try await withEtcdClient(configuration: configuration) { client in
                let watch = try await client.watch(.key("a"))
                proxy.blackHoleOpenConnections()
                let start = ContinuousClock.now
                // The client itself makes no call.
                try await etcd.etcdctl("put", "a", "1")
                let batch = try #require(try await watch.nextBatch())
                #expect(batch.events.map(\.keyValue.value) == ["1"])
                // The connection's own PINGs would take more than 20 s.
                #expect(ContinuousClock.now - start < .seconds(17))
            }
        }
    }
}
