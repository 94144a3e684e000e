// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Testing

@Suite(.serialized, .hangLimit)
struct ClusterIdentityTests {
    @Test(arguments: EtcdVersion.allCases, [true, false])
    func anEndpointOfAnotherClusterIsNeverUsed(
        _ version: EtcdVersion,
        asksForStatus: Bool
    ) async throws {
        try await withEtcd(version) { one in
            try await withEtcd(version) { two in
                var configuration = EtcdClient.Configuration(
                    endpoints: [one.endpoint, two.endpoint]
                )
                configuration.asksForStatus = asksForStatus
                try await withEtcdClient(configuration: configuration) { client in
                    #expect(client.cluster.id == nil)
                    let first = try await client.put("a", "1")
                    #expect(client.cluster.id == first.header.clusterID)
                    let isFirst = try await one.etcdctl("get", "a") != ""
                    let (own, foreign) = isFirst ? (one, two) : (two, one)
                    let watch = try await client.watch(.prefix(""))

                    await own.kill()
                    let impatient = client.withRequestTimeout(.seconds(2))
                    // The first one may still be lost on the connection that ends.
                    for _ in 0..<2 {
                        #expect(await etcdError { try await impatient.put("b", "1") } != nil)
                    }
                    let refusedWrite = await etcdError { try await impatient.put("b", "1") }
                    #expect(refusedWrite?.message.contains("belongs to cluster") == true)
                    let refusedRead = await etcdError { _ = try await impatient.get("a") }
                    #expect(refusedRead?.message.contains("belongs to cluster") == true)
                    #expect(try await foreign.etcdctl("get", "--prefix", "") == "")

                    try await own.startAgain()
                    try await eventually {
                        await etcdError { try await client.put("c", "1") } == nil
                    }
                    for try await batch in watch {
                        guard let event = batch.events.last else { continue }
                        #expect(event.key == "c")
                        break
                    }
                    #expect(try await foreign.etcdctl("get", "--prefix", "") == "")
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aClusterThatWasReplacedIsRefusedUntilItIsAccepted(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { old in
            try await withEtcdClient(configuration: .init(endpoints: [old.endpoint])) { client in
                try await client.put("a", "old")
                let watch = try await client.watch(.prefix(""))
                var mirror = client.mirror(.prefix("")).makeAsyncIterator()
                #expect(try await mirror.next()?.kind == .snapshot)

                await old.kill()
                let options = EtcdProcess.Options(
                    arguments: ["--initial-cluster-token", "replacement"],
                    port: old.port
                )
                try await withEtcd(version, options) { new in
                    try await eventually {
                        await etcdError { try await client.put("b", "1") }?.code == .clusterChanged
                    }
                    let ofWatch = await etcdError { for try await _ in watch {} }
                    #expect(ofWatch?.code == .clusterChanged)
                    let ofMirror = await etcdError { while try await mirror.next() != nil {} }
                    #expect(ofMirror?.code == .clusterChanged)
                    #expect(try await new.etcdctl("get", "--prefix", "") == "")

                    client.cluster.acceptReplacement()
                    let accepted = try await client.put("b", "1")
                    #expect(client.cluster.id == accepted.header.clusterID)
                    #expect(try await client.get("a") == nil)
                    var second = client.mirror(.prefix("")).makeAsyncIterator()
                    #expect(try await second.next()?.events.map(\.key) == ["b"])
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aStoreThatWasRestoredFromABackupEndsWhatRestsOnItsRevisions(
        _ version: EtcdVersion
    ) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            for number in 0..<20 { try await client.put("early/\(number)", "1") }
            try await etcd.saveBackup()
            for number in 0..<20 { try await client.put("late/\(number)", "1") }
            let before = try #require(client.cluster.id)
            let watch = try await client.watch(.prefix(""))
            var mirror = client.mirror(.prefix("")).makeAsyncIterator()
            while try await mirror.next()?.bookmark == nil {}

            try await etcd.restoreBackup()
            // Nothing but the watch itself has to notice.
            let ofWatch = await etcdError { for try await _ in watch {} }
            #expect(ofWatch?.code == .clusterChanged)
            #expect(client.cluster.id == before)
            let ofMirror = await etcdError { while try await mirror.next() != nil {} }
            #expect(ofMirror?.code == .clusterChanged)

            // Calls go on with the store as it is now.
            #expect(try await client.get("late/1") == nil)
            #expect(try await client.get("early/1", isSerializable: true) != nil)
            let watchOfNow = try await client.watch(.prefix(""))
            try await client.put("anew", "1")
            for try await batch in watchOfNow {
                guard let event = batch.events.last else { continue }
                #expect(event.key == "anew")
                break
            }
            var second = client.mirror(.prefix("anew")).makeAsyncIterator()
            #expect(try await second.next()?.events.map(\.key) == ["anew"])
        }
    }
}

extension EtcdProcess {
    private var backup: String { self.folder + "/backup" }

    /// Keeps the store as it is for ``restoreBackup()``.
    func saveBackup() async throws {
        try await self.etcdctl("snapshot", "save", self.backup)
    }

    /// Stops the server, puts the backup in the place of its data and starts it again: with the same
    /// names and URLs, and therefore the same IDs.
    func restoreBackup() async throws {
        await self.kill()
        try self.removeData()
        try await self.etcdctl(
            "snapshot",
            "restore",
            self.backup,
            "--data-dir",
            self.folder + "/data",
            "--name",
            self.name,
            "--initial-cluster",
            "\(self.name)=\(self.peerURL)",
            "--initial-advertise-peer-urls",
            self.peerURL
        )
        try await self.startAgain()
    }

    private func removeData() throws {
        try FileManager.default.removeItem(atPath: self.folder + "/data")
    }
}
