// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Revisions larger than one message, and consumers that do not read.
@Suite(.hangLimit)
struct WatchSizeTests {
    @Test(arguments: EtcdVersion.allCases)
    func historyLargerThanAMessageArrivesWhole(_ version: EtcdVersion) async throws {
        // The server cuts responses at this size and half a MiB.
        let options = EtcdProcess.Options(arguments: ["--max-request-bytes=65536"])
        try await withEtcdClient(of: version, options) { client in
            let start = try await client.put("a", "1").header.revision
            let value = String(repeating: "v", count: 500)
            let operations = (0..<100).map { EtcdOperation.put("f/\($0)", value) }
            for _ in 1...40 { _ = try await client.commit(EtcdTransaction(then: operations)) }
            let replay = try await client.watch(
                .prefix("f/"),
                options: .init(startRevision: start)
            )
            var revisions: [EtcdRevision] = []
            while revisions.count < 4000 {
                let batch = try #require(try await replay.nextBatch())
                if let last = revisions.last { #expect(batch.events[0].revision > last) }
                revisions += batch.events.map(\.revision)
            }
            #expect(revisions == revisions.sorted())
            #expect(Set(revisions).count == 40)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aLeaseWithManyKeysEndsInOneBatch(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let lease = try await client.grantLease(ttl: .seconds(600))
            let value = String(repeating: "v", count: 16 << 10)
            for part in 0..<20 {
                let operations = (0..<32).map {
                    EtcdOperation.put("k/\(part)/\($0)", value, lease: lease.id)
                }
                _ = try await client.commit(EtcdTransaction(then: operations))
            }
            let watch = try await client.watch(
                .prefix("k/"),
                options: .init(includePrevious: true)
            )
            try await client.revokeLease(lease.id)
            // 640 keys with 16 KiB each of what was there before: 10 MiB in one revision.
            let batch = try #require(try await watch.nextBatch())
            #expect(batch.events.count == 640)
            #expect(batch.events.allSatisfy { $0.previous?.value.count == 16 << 10 })
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aConsumerThatDoesNotReadIsSuspendedAndLosesNothing(
        _ version: EtcdVersion
    ) async throws {
        try await withEtcd(version) { etcd in
            let configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                let slow = try await client.watch(.key("a"), options: .init(bufferLimit: 10))
                let fast = try await client.watch(.key("a"))
                var expected: [EtcdRevision] = []
                for number in 1...100 {
                    expected.append(try await client.put("a", "\(number)").header.revision)
                }
                #expect(try await fast.events(100).map(\.revision) == expected)
                // The slow one is stopped on the server, not served further.
                try await etcd.waitForWatches(1)
                #expect(try await slow.events(100).map(\.revision) == expected)
                let last = try await client.put("a", "last").header.revision
                #expect(try await slow.events(1).map(\.revision) == [last])
            }
        }
    }

    @Test
    func aConsumerThatDoesNotReadCanBeToldSo() async throws {
        try await withEtcdClient(of: .v3_5) { client in
            let watch = try await client.watch(
                .key("a"),
                options: .init(bufferLimit: 10, overflowPolicy: .fail)
            )
            for number in 1...50 { try await client.put("a", "\(number)") }
            #expect(try await watch.events(11).count == 11)
            let error = await #expect(throws: EtcdError.self) { try await watch.nextBatch() }
            #expect(error?.code == .slowConsumer)
            #expect(try await watch.nextBatch() == nil)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aConsumerThatDoesNotReadCanHaveTheLastOfEachKeyOnly(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let watch = try await client.watch(
                .prefix("w/"),
                options: .init(includePrevious: true, bufferLimit: 20, overflowPolicy: .coalesce)
            )
            let other = try await client.watch(.key("end"))
            try await client.put("w/gone", "0")
            for number in 1...200 { try await client.put("w/\(number % 5)", "\(number)") }
            try await client.delete("w/gone")
            // More keys than the buffer may hold: the rest waits on the server.
            for number in 100..<200 { try await client.put("w/\(number)", "\(number)") }
            try await client.put("end", "")
            #expect(try await other.events(1).count == 1)
            let first = try #require(try await watch.nextBatch())
            #expect(first.isCoalesced)
            #expect(first.events.count < 40)
            var picture: [EtcdBytes: EtcdBytes] = [:]
            var last: EtcdRevision = 0
            var batch: EtcdWatchBatch? = first
            while let current = batch {
                for event in current.events {
                    #expect(event.previous?.value == picture[event.key])
                    #expect(event.revision > last)
                    last = event.revision
                    picture[event.key] = event.kind == .put ? event.keyValue.value : nil
                }
                batch = picture["w/199"] == nil ? try await watch.nextBatch() : nil
            }
            let state = try await client.state(.prefix("w/")).mapValues(\.value)
            #expect(picture == state)
        }
    }

    @Test
    func aConsumerThatDoesNotReadCostsNoOtherWatch() async throws {
        try await withEtcdClient(of: .v3_5) { client in
            let stuck = try await client.watch(.prefix("big/"))
            let watch = try await client.watch(.key("a"))
            let value = String(repeating: "v", count: 1 << 20)
            for number in 1...40 {
                try await client.put("big/\(number)", value)
                try await client.put("a", "\(number)")
                #expect(try await watch.events(1).map(\.keyValue.value) == [EtcdBytes("\(number)")])
            }
            #expect(try await stuck.events(40).count == 40)
        }
    }
}
