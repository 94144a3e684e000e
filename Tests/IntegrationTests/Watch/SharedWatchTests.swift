// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Several subscribers on one watch of the server.
@Suite(.hangLimit)
struct SharedWatchTests {
    @Test(arguments: EtcdVersion.allCases)
    func subscribersShareOneWatchAndGetTheirPart(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let shared = try client.sharedWatch(.prefix("s/"))
            let all = try await shared.subscribe()
            let part = try await shared.subscribe(to: .prefix("s/a/"))
            let one = try await shared.subscribe(to: .key("s/b"))
            try await etcd.waitForWatches(1)
            let first = try await client.put("s/a/1", "1").header.revision
            try await client.put("s/b", "1")
            let transaction = EtcdTransaction(then: [.delete("s/b"), .put("s/a/2", "2")])
            let last = try await client.commit(transaction).header.revision
            #expect(try await part.events(2).map(\.key) == ["s/a/1", "s/a/2"])
            #expect(try await one.events(2).map(\.kind) == [.put, .delete])
            let events = try await all.events(4)
            #expect(events.first?.revision == first)
            #expect(events.last?.revision == last)
            #expect(events.count == 4)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theServersWatchLastsFromTheFirstToTheLast(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let shared = try client.sharedWatch(.all)
            try await etcd.waitForWatches(0)
            for _ in 1...3 {
                let first = try await shared.subscribe()
                try await etcd.waitForWatches(1)
                var second: EtcdSubscription? = try await shared.subscribe()
                first.cancel()
                #expect(try await first.nextBatch() == nil)
                let revision = try await client.put("a", "1").header.revision
                #expect(try await second?.nextBatch()?.bookmark == revision)
                // Dropped, not cancelled.
                second = nil
                try await etcd.waitForWatches(0)
            }
            try await shared.withSubscription { _ in try await etcd.waitForWatches(1) }
            try await etcd.waitForWatches(0)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whoJoinsLateGetsEverythingFromThenOn(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let shared = try client.sharedWatch(.prefix("s/"))
            let early = try await shared.subscribe()
            let late = (0..<20).map { number in
                Task {
                    try await Task.sleep(for: .milliseconds(number * 10))
                    let subscription = try await shared.subscribe()
                    // More is written before, between and after; none of it may be missing.
                    let present = try await client.range(.prefix("s/"))
                    var known = Set(present.keyValues.map(\.key))
                    while known.count < 301 {
                        let batch = try #require(try await subscription.nextBatch())
                        for event in batch.events { known.insert(event.key) }
                    }
                }
            }
            for number in 0..<300 { try await client.put("s/\(number)", "\(number)") }
            try await client.put("s/end", "")
            for task in late { try await task.value }
            #expect(try await early.events(301).count == 301)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func cuttingTheConnectionLosesNothing(_ version: EtcdVersion) async throws {
        try await withWatchScene(version) { scene in
            let shared = try scene.reader.sharedWatch(.prefix("s/"))
            let first = try await shared.subscribe()
            let second = try await shared.subscribe()
            for number in 0..<200 {
                try await scene.writer.put("s/\(number)", "")
                if number % 40 == 20 { scene.proxy.cut() }
            }
            let expected = (0..<200).map { EtcdBytes("s/\($0)") }
            #expect(try await first.events(200).map(\.key) == expected)
            #expect(try await second.events(200).map(\.key) == expected)
            try await scene.etcd.waitForWatches(1)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func lostHistoryFailsAllSubscribersOfAWatch(_ version: EtcdVersion) async throws {
        try await withWatchScene(version) { scene in
            let shared = try scene.reader.sharedWatch(.key("a"))
            let subscriptions = [try await shared.subscribe(), try await shared.subscribe()]
            try await scene.writer.put("a", "1")
            for subscription in subscriptions {
                #expect(try await subscription.events(1).count == 1)
            }
            scene.disconnect()
            for _ in 1...3 { try await scene.writer.put("a", "2") }
            let last = try await scene.writer.put("a", "3").header.revision
            try await scene.writer.compact(at: last)
            try scene.reconnect()
            for subscription in subscriptions {
                let error = await #expect(throws: EtcdError.self) {
                    try await subscription.nextBatch()
                }
                #expect(error?.code == .compacted)
                #expect(try await subscription.nextBatch() == nil)
            }
            // Who comes later opens it anew.
            let late = try await shared.subscribe()
            let revision = try await scene.writer.put("a", "4").header.revision
            #expect(try await late.nextBatch()?.bookmark == revision)
        }
    }

    @Test
    func cancellingTheTaskEndsSubscribingAndReading() async throws {
        try await withWatchScene(.v3_5) { scene in
            let shared = try scene.reader.sharedWatch(.all)
            let reading = Task {
                let subscription = try await shared.subscribe()
                for try await _ in subscription {}
            }
            try await scene.etcd.waitForWatches(1)
            reading.cancel()
            try await reading.value
            try await scene.etcd.waitForWatches(0)

            scene.proxy.blackHole()
            let opening = Task { try await shared.subscribe() }
            try await Task.sleep(for: .milliseconds(50))
            opening.cancel()
            await #expect(throws: CancellationError.self) { _ = try await opening.value }
            scene.proxy.heal()
        }
    }

    @Test
    func aWatchThatCannotBeOpenedFailsItsSubscribers() async throws {
        let port = try LoopbackPort.free()
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(port)"])
        try await withEtcdClient(configuration: configuration) { client in
            let hasty = client.withRequestTimeout(.milliseconds(500))
            for shared in [try hasty.sharedWatch(.all), try hasty.sharedMirror(.all)] {
                for _ in 1...2 {
                    let error = await #expect(throws: EtcdError.self) {
                        try await shared.subscribe()
                    }
                    #expect(error?.code == .connectionRefused)
                }
            }
        }
    }

    @Test
    func shuttingTheClientDownEndsSubscriptions() async throws {
        try await withEtcd(.v3_5) { etcd in
            let client = try EtcdClient(configuration: .init(endpoints: [etcd.endpoint]))
            let subscription = try await client.sharedMirror(.all).subscribe()
            await client.shutdown()
            let error = await #expect(throws: EtcdError.self) {
                try await subscription.nextBatch()
            }
            #expect(error?.code == .closed)
            #expect(try await subscription.nextBatch() == nil)
        }
    }

    @Test
    func whatDoesNotFitIsRefused() async throws {
        let port = try LoopbackPort.free()
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(port)"])
        try await withEtcdClient(configuration: configuration) { client in
            #expect(throws: EtcdError.self) { try client.sharedWatch(.key("")) }
            #expect(throws: EtcdError.self) { try client.sharedMirror(.range("b", "a")) }
            let watch = try client.sharedWatch(.range("b", "d"))
            let mirror = try client.sharedMirror(.prefix("a"))
            let refused: [(EtcdSharedWatch, EtcdKeyRange?, EtcdSubscriptionOptions)] = [
                (watch, .key("a"), .init()),
                (watch, .key("d"), .init()),
                (watch, .from("b"), .init()),
                (watch, .range("b", "da"), .init()),
                (watch, .all, .init()),
                (watch, nil, .init(start: .snapshot)),
                (watch, nil, .init(bufferLimit: 0)),
                (watch, nil, .init(bufferByteLimit: 0)),
                (mirror, nil, .init(overflowPolicy: .detach)),
            ]
            for (shared, range, options) in refused {
                let error = await #expect(throws: EtcdError.self) {
                    try await shared.subscribe(to: range, options: options)
                }
                #expect(error?.code == .invalidArgument)
            }
        }
    }
}
