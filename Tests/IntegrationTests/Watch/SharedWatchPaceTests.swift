// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Subscribers that do not keep up, beside others that do; and shared mirrors.
@Suite(.hangLimit)
struct SharedWatchPaceTests {
    @Test(arguments: EtcdVersion.allCases)
    func aSlowSubscriberGoesOnAloneAndLosesNothing(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let shared = try client.sharedWatch(.prefix("s/"))
            let slow = try await shared.subscribe(
                to: .key("s/a"),
                options: .init(bufferLimit: 10)
            )
            let fast = try await shared.subscribe()
            var expected: [EtcdRevision] = []
            for number in 1...100 {
                expected.append(try await client.put("s/a", "\(number)").header.revision)
                #expect(try await fast.events(1).count == 1)
            }
            #expect(try await slow.events(100).map(\.revision) == expected)
            try await etcd.waitForWatches(2)
            let last = try await client.put("s/a", "last").header.revision
            #expect(try await slow.events(1).map(\.revision) == [last])
            #expect(try await fast.events(1).map(\.revision) == [last])
            fast.cancel()
            try await etcd.waitForWatches(1)
            slow.cancel()
            #expect(try await slow.nextBatch() == nil)
            try await etcd.waitForWatches(0)
        }
    }

    @Test
    func aSlowSubscriberIsCancelledWhileItsOwnWatchIsNotAnswered() async throws {
        try await withEtcd(.v3_5) { etcd in
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            configuration.requestTimeout = .seconds(90)
            try await withEtcdClient(configuration: configuration) { client in
                let shared = try client.sharedWatch(.all)
                let slow = try await shared.subscribe(options: .init(bufferLimit: 10))
                let fast = try await shared.subscribe()
                for number in 1...50 {
                    try await client.put("a", "\(number)")
                    #expect(try await fast.events(1).count == 1)
                }
                etcd.pause()
                // Whoever cancels need not be the one who reads.
                let reading = Task {
                    var count = 0
                    for try await batch in slow { count += batch.events.count }
                    return count
                }
                try await Task.sleep(for: .seconds(1))
                let start = ContinuousClock.now
                slow.cancel()
                #expect(try await reading.value == 10)
                #expect(ContinuousClock.now - start < .seconds(30))
                etcd.resume()
                fast.cancel()
                try await etcd.waitForWatches(0)
            }
        }
    }

    @Test(arguments: [true, false])
    func aSlowSubscriberLearnsThatTheStoreIsAnother(_ wasRestored: Bool) async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            try await etcd.saveBackup()
            let shared = try client.sharedWatch(.prefix("s/"))
            let slow = try await shared.subscribe(options: .init(bufferLimit: 10))
            let fast = try await shared.subscribe()
            for number in 1...100 {
                try await client.put("s/a", "\(number)")
                #expect(try await fast.events(1).count == 1)
            }
            if wasRestored {
                try await etcd.restoreBackup()
            } else {
                client.cluster.acceptReplacement()
            }
            let ofFast = await etcdError { while try await fast.nextBatch() != nil {} }
            #expect(ofFast?.code == .clusterChanged)
            // It had gone on alone before that, and its position means nothing any more.
            var count = 0
            let ofSlow = await etcdError {
                while let batch = try await slow.nextBatch() { count += batch.events.count }
            }
            #expect(ofSlow?.code == .clusterChanged)
            #expect(count < 100)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aSlowSubscriberCanBeToldSo(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let shared = try client.sharedWatch(.all)
            let fast = try await shared.subscribe()
            let slow = try await shared.subscribe(
                options: .init(bufferLimit: 10, overflowPolicy: .fail)
            )
            for number in 1...50 {
                try await client.put("a", "\(number)")
                #expect(try await fast.events(1).count == 1)
            }
            #expect(try await slow.events(10).count == 10)
            let error = await #expect(throws: EtcdError.self) { try await slow.nextBatch() }
            #expect(error?.code == .slowConsumer)
            #expect(try await slow.nextBatch() == nil)
            fast.cancel()
            try await etcd.waitForWatches(0)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aSlowSubscriberCanHaveTheLastOfEachKeyOnly(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let shared = try client.sharedWatch(.all)
            let fast = try await shared.subscribe()
            let slow = try await shared.subscribe(
                options: .init(bufferLimit: 10, overflowPolicy: .coalesce)
            )
            var last: EtcdRevision = 0
            for number in 1...100 {
                last = try await client.put("k\(number % 5)", "\(number)").header.revision
                #expect(try await fast.events(1).count == 1)
            }
            // The last event may reach the fast one first, so that it is not among the merged.
            var picture = Picture()
            var batches: [EtcdChangeBatch] = []
            while picture.bookmark != last {
                let batch = try #require(try await slow.nextBatch())
                batches.append(batch)
                picture.apply(batch)
            }
            #expect(batches.first?.isCoalesced == true)
            #expect(batches.count <= 2)
            #expect(picture.keyValues == (try await client.state(.all)))
            try await etcd.waitForWatches(1)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func subscribersOfAMirrorBeginWithItsStateAndShareItsListings(
        _ version: EtcdVersion
    ) async throws {
        try await withWatchScene(version) { scene in
            let writer = scene.writer
            for number in 0..<20 { try await writer.put("s/\(number)", "1") }
            let shared = try scene.reader.sharedMirror(.prefix("s/"))
            let early = try await shared.subscribe(options: .init(start: .snapshot))
            let plain = try await shared.subscribe()
            var seen = Picture()
            seen.apply(try #require(try await early.nextBatch()))
            #expect(seen.keyValues.count == 20)
            let put = try await writer.put("s/new", "1").header.revision
            seen.apply(try #require(try await early.nextBatch()))
            #expect(seen.bookmark == put)

            let late = try await shared.subscribe(
                to: .prefix("s/1"),
                options: .init(start: .snapshot)
            )
            let snapshot = try #require(try await late.nextBatch())
            #expect(snapshot.kind == .snapshot)
            #expect(snapshot.bookmark == put)
            // 1 and 10 to 19.
            #expect(snapshot.events.count == 11)
            try await scene.etcd.waitForWatches(1)

            scene.disconnect()
            try await writer.delete("s/1")
            try await writer.delete("s/2")
            let last = try await writer.put("s/3", "2").header.revision
            try await writer.compact(at: last)
            try scene.reconnect()
            let relisting = try #require(try await early.nextBatch())
            #expect(relisting.kind == .relisting)
            seen.apply(relisting)
            #expect(seen.bookmark == last)
            #expect(seen.keyValues == (try await writer.state(.prefix("s/"))))
            let part = try #require(try await late.nextBatch())
            #expect(part.events.map(\.key) == ["s/1"])
            #expect(part.events.map(\.isSynthetic) == [true])
            #expect(try await plain.events(1).map(\.key) == ["s/new"])
            #expect(try await plain.events(1).count == 3)

            for subscription in [early, plain, late] { subscription.cancel() }
            try await scene.etcd.waitForWatches(0)
        }
    }

    /// Subscribers of all kinds come and go while keys change, connections break and history is
    /// compacted; each one's picture is what the store holds in the end.
    @Test(arguments: EtcdVersion.allCases)
    func manySubscribersAgreeWithTheStore(_ version: EtcdVersion) async throws {
        var generator = SeededGenerator()
        let seed = generator.seed
        try await withWatchScene(version) { scene in
            let shared = try scene.reader.sharedMirror(.prefix("s/"))
            let keeper = try await shared.subscribe()
            let readers = (0..<12).map { number in
                Task {
                    try await Task.sleep(for: .milliseconds(number * 60))
                    let subscription = try await shared.subscribe(
                        options: .init(start: .snapshot, bufferLimit: 20)
                    )
                    var picture = Picture()
                    for try await batch in subscription {
                        picture.apply(batch)
                        if picture.keyValues["s/end"] != nil { break }
                        // Some are slow.
                        if number % 3 == 0 { try await Task.sleep(for: .milliseconds(50)) }
                    }
                    return picture.keyValues
                }
            }
            for step in 0..<400 {
                let key = "s/\(Int.random(in: 0..<10, using: &generator))"
                if Int.random(in: 0..<3, using: &generator) == 0 {
                    try await scene.writer.delete(key)
                } else {
                    let now = try await scene.writer.put(key, "\(step)").header.revision
                    if step % 100 == 99 {
                        scene.disconnect()
                        try await scene.writer.delete(key)
                        let last = try await scene.writer.put("s/x\(step)", "").header.revision
                        #expect(last > now)
                        try await scene.writer.compact(at: last)
                        try scene.reconnect()
                    }
                }
                if step % 5 == 0 { try await Task.sleep(for: .milliseconds(10)) }
            }
            try await scene.writer.put("s/end", "")
            let held = try await scene.writer.state(.prefix("s/"))
            for reader in readers { #expect(try await reader.value == held, "seed \(seed)") }
            keeper.cancel()
            try await scene.etcd.waitForWatches(0)
        }
    }
}
