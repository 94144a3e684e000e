// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import RollingLock
import Testing

/// Runs the examples of the articles.
@Suite(.hangLimit)
struct ArticleExampleTests {
    @Test(arguments: EtcdVersion.allCases)
    func gettingStarted(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            #expect(try await remember(endpoints: [etcd.endpoint]) == "hello")
            let shop = try Inventory(endpoints: [etcd.endpoint])
            try await shop.add("apples", count: 5)
            try await shop.add("pears", count: 7)
            await shop.close()
            #expect(try await inventory(client) == ["apples": 5, "pears": 7])
            #expect(try await total(client) == 12)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func transactions(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            #expect(try await register("web", address: "10.0.0.1", client))
            #expect(try await !register("web", address: "10.0.0.2", client))
            #expect(try await client.get("services/web")?.value == "10.0.0.1")

            let sums = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await add(2, to: "counter", client) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(sums.sorted() == [2, 4, 6, 8, 10, 12, 14, 16])
        }
    }

    @Test
    func locks() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            let runs = Journal<Int>()
            try await restartInTurn(client) { runs.append(1) }
            #expect(runs.entries == [1])

            let lock = try RollingLock(
                client: client,
                configuration: .init(clusterID: "blue", unit: "app/0")
            )
            let written = Journal<RollingLockDetachedTicket>()
            try await leaveHeldForAReboot(lock) { written.append($0) }
            #expect(try await lock.queue().holders.count == 1)
            let ticket = try #require(written.entries.last)
            try await comeBack(to: ticket, lock) { runs.append(2) }
            #expect(runs.entries == [1, 2])
            #expect(try await lock.queue().tickets == [])
            await lock.shutdown()

            let shared = try rackByRack(client, unit: "app/1", rack: "rack1")
            let holds = try await [shared.acquire(), shared.acquire()]
            #expect(try await shared.queue().limits.slotCount == 5)
            #expect(try await shared.queue().holders.map(\.group) == ["rack1", "rack1"])
            for hold in holds { try await hold.release() }
            await shared.shutdown()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func leases(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            try await serve("me", client) {
                let key = try await client.get("alive/me")
                #expect(key?.lease != nil)
            }
            #expect(try await client.get("alive/me") == nil)

            try await client.withLease(ttl: .seconds(10)) { lease in
                async let reason = untilLost(lease)
                try await client.revokeLease(lease.id)
                #expect(await reason == .revoked)
            }

            let invitation = try await invite("you", client)
            #expect(invitation.ttl == .seconds(60))
            #expect(try await client.get("invited/you")?.lease == invitation.id)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func watching(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            async let change = nextChange(under: "news/", client)
            // The watch sees one of them, whenever it begins; the last may come late.
            let writer = Task {
                while !Task.isCancelled { try await client.put("news/today", "1") }
            }
            #expect(try await change?.key == "news/today")
            writer.cancel()
            _ = await writer.result

            try await client.put("config/size", "2")
            async let state = follow("config/", client) { $0["config/color"] != nil }
            try await client.put("config/color", "blue")
            #expect(try await state == ["config/size": "2", "config/color": "blue"])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func tlsAndAuthentication(_ version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("article")
        let certificates = try TestCertificates.make(in: folder.path)
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            let secure = mutualTLS(endpoints: [etcd.endpoint], folder: folder.path)
            try await withEtcdClient(configuration: secure) { client in
                _ = try await client.put("app/a", "1")
            }
        }
        try await withEtcdAndClient(version) { etcd, client in
            try await protect(client, rootPassword: "root", password: "app")
            let user = withPassword(endpoints: [etcd.endpoint], password: "app")
            try await withEtcdClient(configuration: user) { client in
                try await client.put("app/a", "1")
                let error = await #expect(throws: EtcdError.self) {
                    try await client.put("other", "1")
                }
                #expect(error?.code == .permissionDenied)
            }
            let root = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .init(user: "root", password: "root")
            )
            try await withEtcdClient(configuration: root) { client in
                try await changePassword(to: "other", client)
                try await client.put("a", "1")
            }
            let tokens = withTokens(endpoints: [etcd.endpoint]) { throw CancellationError() }
            try await withEtcdClient(configuration: tokens) { client in
                let code = await etcdErrorCode { try await client.put("a", "1") }
                #expect(code == .authenticationFailed)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func maintenance(_ version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("article")
        try await withEtcdAndClient(version) { etcd, client in
            let lines = await report(client, endpoints: [etcd.endpoint])
            #expect(lines.count == 1)
            #expect(lines[0].contains("\(version.rawValue), leads"))
            try await client.put("a", "1")
            let member = try await client.maintenance.status().memberID
            try await client.maintenance.raise(.init(member: member, kind: .noSpace))
            try await makeRoom(client, endpoints: [etcd.endpoint])
            #expect(try await client.maintenance.alarms() == [])
            try await client.put("a", "2")
            try await backUp(client, to: folder.path + "/backup")
            let saved = try Data(contentsOf: URL(filePath: folder.path + "/backup"))
            #expect(saved.count > 10_000)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func observability(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            _ = try await client.get("a")
            #expect(await complaints(about: client) == [])
            let page = String(decoding: try await statusPage(client), as: UTF8.self)
            #expect(page.contains(#""state":"connected""#))
            await etcd.kill()
            _ = try? await client.withRequestTimeout(.milliseconds(300)).get("a")
            let complaint = await complaints(about: client).first
            #expect(complaint?.hasPrefix("\(etcd.endpoint): ") == true)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func handlingErrors(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint(through: proxy)]
            )
            try await withEtcdClient(configuration: configuration) { client in
                let first = try await store("a", "1", client)
                #expect(first == .done)
                let second = try await store("a", "2", client)
                #expect(second == .wasThere)
                proxy.dropNextAnswer()
                let lost = try await store("b", "1", client)
                #expect(lost == .done)
                #expect(proxy.droppedAnswers == 1)
            }
        }
        for (code, beginning) in [
            (EtcdError.Code.permissionDenied, "ask"), (.noSpace, "the cluster is full"),
            (.unsupported, "the server is too old"), (.noLeader, "try again later"),
            (.compacted, "compacted"),
        ] {
            let error = EtcdError(code: code, message: "why")
            #expect(explain(error).hasPrefix(beginning))
        }
    }
}
