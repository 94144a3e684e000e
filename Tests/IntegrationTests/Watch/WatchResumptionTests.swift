// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What a broken connection, a restarted server and a compaction do to watches.
@Suite(.hangLimit)
struct WatchResumptionTests {
    @Test(arguments: EtcdVersion.allCases)
    func cutsAtRandomLoseNothingAndRepeatNothing(_ version: EtcdVersion) async throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let through = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            let direct = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            try await withEtcdClient(configuration: direct) { writer in
                try await withEtcdClient(configuration: through) { reader in
                    let first = try await writer.put("w/start", "").header.revision
                    // A client that knows no revision may see the change at which its watch begins.
                    #expect(try await reader.get("w/start") != nil)
                    let live = try await reader.watch(.prefix("w/"))
                    let replay = try await reader.watch(
                        .prefix("w/"),
                        options: .init(startRevision: first, reportsResumption: true)
                    )
                    let seen = Task { try await live.untilEnd() }
                    let replayed = Task { try await replay.untilEnd() }
                    var history: [Change] = [Change(key: "w/start", revision: first)]
                    for step in 0..<400 {
                        history += try await writer.change(using: &generator)
                        if Int.random(in: 0..<50, using: &generator) == 0 {
                            while proxy.openConnections == 0 {
                                try await Task.sleep(for: .milliseconds(5))
                            }
                            proxy.cut()
                        }
                        if step % 10 == 0 { try await Task.sleep(for: .milliseconds(20)) }
                    }
                    let end = try await writer.put("w/end", "").header.revision
                    history.append(Change(key: "w/end", revision: end))
                    #expect(try await seen.value == Array(history.dropFirst()), "seed \(seed)")
                    #expect(try await replayed.value == history, "seed \(seed)")
                    #expect(proxy.acceptedConnections > 2)
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aRestartedServerIsFoundAgain(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                let watch = try await client.watch(
                    .prefix("w/"),
                    options: .init(reportsResumption: true)
                )
                try await client.put("w/a", "1")
                #expect(try await watch.events(1).count == 1)
                await etcd.kill()
                try await etcd.startAgain()
                try await etcd.etcdctl("put", "w/a", "2")
                let batch = try await watch.nextBatch()
                #expect(batch?.kind == .resumed)
                #expect(try await watch.events(1).map(\.keyValue.value) == ["2"])
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatHappensWhileTheServerIsOutOfReachIsDeliveredLater(
        _ version: EtcdVersion
    ) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                // No event yet: where it continues is known from its acknowledgement.
                let watch = try await client.watch(.key("a"))
                proxy.refuse()
                proxy.cut()
                try await etcd.etcdctl("put", "a", "1")
                try await etcd.etcdctl("put", "a", "2")
                try await Task.sleep(for: .milliseconds(300))
                try proxy.accept()
                #expect(try await watch.events(2).map(\.keyValue.value) == ["1", "2"])
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func compactionUnderAWatchThatWasCutOffEndsIt(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let through = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            let direct = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            try await withEtcdClient(configuration: direct) { writer in
                try await withEtcdClient(configuration: through) { client in
                    let watch = try await client.watch(.key("a"))
                    try await writer.put("a", "1")
                    #expect(try await watch.events(1).count == 1)
                    proxy.refuse()
                    proxy.cut()
                    var last: EtcdRevision = 0
                    for number in 1...10 {
                        last = try await writer.put("a", "\(number)").header.revision
                    }
                    try await writer.compact(at: last)
                    try proxy.accept()
                    let error = await #expect(throws: EtcdError.self) {
                        try await watch.nextBatch()
                    }
                    #expect(error?.code == .compacted)
                    #expect(error?.compactRevision == last)
                    #expect(try await watch.nextBatch() == nil)
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aStartRevisionThatIsCompactedEndsOnlyThatWatch(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let other = try await client.watch(.key("a"))
            for number in 1...5 { try await client.put("a", "\(number)") }
            try await client.compact(at: 4)
            let watch = try await client.watch(.key("a"), options: .init(startRevision: 2))
            let error = await #expect(throws: EtcdError.self) { try await watch.nextBatch() }
            #expect(error?.code == .compacted)
            #expect(error?.compactRevision == 4)
            #expect(try await other.events(5).count == 5)
        }
    }

    @Test
    func aServerThatHangsIsLeftForAnother() async throws {
        // Two doors to one server: the first one goes dark.
        try await withEtcd(.v3_5) { etcd in
            let dark = try FaultProxy(to: etcd.port)
            let bright = try FaultProxy(to: etcd.port)
            bright.refuse()
            var configuration = EtcdClient.Configuration(endpoints: [
                "127.0.0.1:\(dark.port)", "127.0.0.1:\(bright.port)",
            ])
            configuration.keepAliveInterval = .seconds(5)
            configuration.keepAliveTimeout = .seconds(1)
            try await withEtcdClient(configuration: configuration) { client in
                let watch = try await client.watch(.key("a"))
                try bright.accept()
                dark.blackHole()
                try await etcd.etcdctl("put", "a", "1")
                #expect(try await watch.events(1).map(\.keyValue.value) == ["1"])
                dark.heal()
            }
        }
    }
}

/// An event, as far as two histories are compared.
private struct Change: Equatable {
    var key: EtcdBytes
    var revision: EtcdRevision
}

extension EtcdWatch {
    /// All changes up to that of `w/end`.
    fileprivate func untilEnd() async throws -> [Change] {
        var changes: [Change] = []
        for try await batch in self {
            var isFirst = true
            for event in batch.events {
                // A revision is never cut in two: the next batch begins with a later one.
                if isFirst, let last = changes.last { #expect(last.revision < event.revision) }
                isFirst = false
                changes.append(Change(key: event.key, revision: event.revision))
                if event.key == "w/end" { return changes }
            }
        }
        return changes
    }
}

extension EtcdClient {
    /// Puts, deletes or changes several keys at once, at random.
    ///
    /// - Returns: What a watch has to report.
    fileprivate func change(using generator: inout SeededGenerator) async throws -> [Change] {
        let key = EtcdBytes("w/\(Int.random(in: 0..<5, using: &generator))")
        switch Int.random(in: 0..<4, using: &generator) {
        case 0:
            let answer = try await self.delete(key)
            guard answer.deleted > 0 else { return [] }
            return [Change(key: key, revision: answer.header.revision)]
        case 1:
            let keys = (0..<Int.random(in: 1...50, using: &generator)).map {
                EtcdBytes("w/many/\($0)")
            }
            let answer = try await self.commit(
                EtcdTransaction(then: keys.map { .put($0, "x") })
            )
            return keys.map { Change(key: $0, revision: answer.header.revision) }
        default:
            let answer = try await self.put(key, "x")
            return [Change(key: key, revision: answer.header.revision)]
        }
    }
}
