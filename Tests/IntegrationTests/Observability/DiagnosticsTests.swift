// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Testing

@Suite(.hangLimit)
struct DiagnosticsTests {
    @Test(arguments: EtcdVersion.allCases)
    func showWhatTheClientIsDoing(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let nowhere = "http://127.0.0.1:\(try LoopbackPort.free())"
            let configuration = EtcdClient.Configuration(endpoints: [nowhere, etcd.endpoint])
            let client = try EtcdClient(configuration: configuration)
            let before = await client.diagnostics()
            #expect(before.endpoints.map(\.state) == [.unused, .unused])
            #expect(before.highestRevision == nil)
            #expect(before.token == .notNeeded)

            let put = try await client.put("a", "1")
            let watches = [
                try await client.watch(.prefix("a")), try await client.watch(.prefix("b")),
            ]
            let session = try await client.openLeaseSession(ttl: .seconds(30))
            let picture = await client.diagnostics()
            let endpoint = try #require(picture.endpoints.last)
            #expect(endpoint.url == etcd.endpoint)
            #expect(endpoint.state == .connected)
            #expect(endpoint.connections.count >= 2)
            #expect(endpoint.connections.allSatisfy { $0.age >= .zero && $0.age < .seconds(60) })
            #expect(endpoint.connections.contains { $0.role == "streams" && $0.calls >= 1 })
            #expect(picture.watches.count == 2)
            #expect(picture.watches.suspendedCount == 0)
            #expect(picture.watches.streams.first?.url == etcd.endpoint)
            #expect(picture.leases.map(\.id) == [session.id])
            #expect(picture.leases.first?.state == .live)
            #expect(picture.leases.first.map { $0.remaining > .seconds(10) } == true)
            #expect(try #require(picture.highestRevision) >= put.header.revision)
            #expect(picture.clusterID == client.cluster.id && picture.clusterID != nil)
            #expect(picture.foreignEndpoints == [] && picture.tls == nil)
            #expect(!picture.isShutDown)

            for watch in watches { watch.cancel() }
            await session.close()
            try await eventually { await client.diagnostics().watches.count == 0 }
            #expect(await client.diagnostics().leases == [])
            await client.shutdown()
            let after = await client.diagnostics()
            #expect(after.isShutDown)
            try await eventually {
                await client.diagnostics().endpoints.allSatisfy { $0.connections.isEmpty }
            }
        }
    }

    @Test func showFailuresAndWhenTheyAreOver() async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            _ = try await client.get("a")
            await etcd.kill()
            let error = await #expect(throws: EtcdError.self) {
                try await client.withRequestTimeout(.milliseconds(500)).get("a")
            }
            #expect(error != nil)
            let broken = try #require(await client.diagnostics().endpoints.first)
            #expect(broken.state != .connected)
            #expect(broken.connections == [])
            let failure = try #require(broken.lastFailure)
            #expect(!failure.reason.isEmpty)
            #expect(failure.age >= .zero && failure.age < .seconds(30))
            try await etcd.startAgain()
            _ = try await client.withRequestTimeout(.seconds(30)).get("a")
            let mended = try #require(await client.diagnostics().endpoints.first)
            #expect(mended.state == .connected)
            #expect(mended.connectCount >= 2)
            #expect(mended.lastFailure != nil)
        }
    }

    @Test func showSlowConsumers() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            var options = EtcdWatchOptions()
            options.bufferLimit = 1
            let watch = try await client.watch(.prefix("a"), options: options)
            for number in 0..<5 { try await client.put(EtcdBytes("a\(number)"), "1") }
            try await eventually { await client.diagnostics().watches.suspendedCount == 1 }
            watch.cancel()
            try await eventually { await client.diagnostics().watches.suspendedCount == 0 }
        }
    }

    @Test func canBeReadByPeopleAndTools() async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            let session = try await client.openLeaseSession(ttl: .seconds(30))
            let picture = await client.diagnostics()
            let text = picture.description
            #expect(text.hasPrefix("client: in use\ncluster "))
            #expect(text.contains("\nendpoint \(etcd.endpoint): connected, "))
            #expect(text.contains("lease \(session.id): live, "))
            #expect(text.contains("watches: 0, 0 of them suspended"))
            #expect(text.contains("token: not needed"))
            let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(picture))
            let object = try #require(json as? [String: Any])
            #expect(object["isShutDown"] as? Bool == false)
            #expect(object["token"] as? String == "notNeeded")
            let endpoints = try #require(object["endpoints"] as? [[String: Any]])
            #expect(endpoints.first?["state"] as? String == "connected")
            let connections = try #require(endpoints.first?["connections"] as? [[String: Any]])
            #expect(connections.first?["ageSeconds"] is Double)
            let leases = try #require(object["leases"] as? [[String: Any]])
            #expect(leases.first?["id"] as? String == session.id.description)
            await session.close()
        }
    }

    @Test func showWhetherThereIsAToken() async throws {
        try await withEtcd(.v3_5, .init(rootPassword: "root")) { etcd in
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .init(user: "root", password: "root")
            )
            try await withEtcdClient(configuration: configuration) { client in
                #expect(await client.diagnostics().token == .missing)
                _ = try await client.get("a")
                #expect(await client.diagnostics().token == .present)
            }
        }
    }
}
