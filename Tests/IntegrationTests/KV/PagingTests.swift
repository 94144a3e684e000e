// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct PagingTests {
    /// Keys of sizes between nothing and much, with a few of bytes that sort first and last.
    private static func fill(
        _ client: EtcdClient,
        count: Int,
        largestValue: Int,
        _ random: inout SeededGenerator
    ) async throws {
        var operations: [EtcdOperation] = []
        for index in 0..<count {
            let ending: [UInt8] = [[], [0], [0, 0], [0xff]][index % 4]
            let size = Int.random(in: 0...largestValue, using: &random)
            operations.append(
                .put(Array("k/\(index)".utf8) + ending, [UInt8](repeating: 7, count: size))
            )
            if operations.count == 100 || index == count - 1 {
                _ = try await client.commit(EtcdTransaction(then: operations))
                operations = []
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func pagesTogetherAreTheRange(_ version: EtcdVersion) async throws {
        var random = SeededGenerator()
        try await withEtcdAndClient(version) { _, client in
            try await Self.fill(client, count: 700, largestValue: 300, &random)
            for range in [
                EtcdKeyRange.all, .prefix("k/"), .from("k/5"), .range("k/2", "k/3"), .key("k/4"),
                .prefix("none"), .range("k/3", "k/3"),
            ] {
                let whole = try await client.range(range)
                let options = EtcdPageOptions(
                    maximumCount: Int.random(in: 1...200, using: &random),
                    targetByteCount: Int.random(in: 1...40_000, using: &random),
                    isSerializable: .random(using: &random)
                )
                var found: [EtcdKeyValue] = []
                var pages: [EtcdPage] = []
                for try await page in client.pages(of: range, options: options) {
                    pages.append(page)
                    found += page.keyValues
                }
                #expect(found == whole.keyValues, "seed \(random.seed)")
                #expect(pages.allSatisfy { $0.revision == whole.header.revision })
                #expect(pages.allSatisfy { $0.keyValues.count <= options.maximumCount })
                #expect(pages.filter(\.isLast).count == 1)
                #expect(pages.last?.isLast == true)
                var flat: [EtcdKeyValue] = []
                for try await keyValue in client.keyValues(in: range, options: options) {
                    flat.append(keyValue)
                }
                #expect(flat == found)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func pagesShowOneRevisionWhateverIsWrittenMeanwhile(_ version: EtcdVersion) async throws {
        var random = SeededGenerator()
        try await withEtcdAndClient(version) { _, client in
            try await Self.fill(client, count: 100, largestValue: 10, &random)
            let before = try await client.range(.all)
            try await client.put("k/0", "newer")
            try await client.delete("k/99")

            for revision in [nil, before.header.revision] {
                let expected = try await client.range(.all, options: .init(revision: revision))
                let options = EtcdPageOptions(maximumCount: 7, revision: revision)
                var found: [EtcdKeyValue] = []
                for try await page in client.pages(of: .all, options: options) {
                    found += page.keyValues
                    try await client.put("k/\(found.count)", "while paging")
                    try await client.delete("k/5\(found.count % 10)")
                    try await client.put("zzz", "behind")
                    #expect(page.revision == revision ?? expected.header.revision)
                }
                #expect(found == expected.keyValues, "seed \(random.seed)")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func keysComeWithoutTheirValuesIfAskedFor(_ version: EtcdVersion) async throws {
        var random = SeededGenerator()
        try await withEtcdAndClient(version) { _, client in
            try await Self.fill(client, count: 60, largestValue: 50, &random)
            let options = EtcdPageOptions(maximumCount: 25, keysOnly: true)
            var keys: [EtcdKeyValue] = []
            for try await keyValue in client.keyValues(in: .prefix("k/"), options: options) {
                keys.append(keyValue)
            }
            #expect(
                keys == (try await client.range(.all, options: .init(keysOnly: true)).keyValues)
            )
            #expect(keys.count == 60)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func pagesOfAViewStayInside(_ version: EtcdVersion) async throws {
        var random = SeededGenerator()
        try await withEtcdAndClient(version) { _, client in
            let view = client.namespaced([0x61, 0xff])
            for key in [[0x61], [0x61, 0xff], [0x62], [0x6b]] as [[UInt8]] {
                try await client.put(key, "outside")
            }
            try await Self.fill(view, count: 50, largestValue: 10, &random)
            var found: [EtcdKeyValue] = []
            for try await keyValue in view.keyValues(in: .all, options: .init(maximumCount: 9)) {
                found.append(keyValue)
            }
            #expect(found == (try await view.range(.all).keyValues))
            #expect(found.count == 50)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aCompactionInBetweenIsATypedError(_ version: EtcdVersion) async throws {
        var random = SeededGenerator()
        try await withEtcdAndClient(version) { _, client in
            try await Self.fill(client, count: 50, largestValue: 10, &random)
            let pages = client.pages(of: .all, options: .init(maximumCount: 10))
            var iterator = pages.makeAsyncIterator()
            let first = try #require(try await iterator.next())
            let newest = try await client.put("k/0", "newer").header.revision
            try await client.compact(at: newest, physical: true)

            // One page may have been read before the compaction.
            let error = await #expect(throws: EtcdError.self) {
                while try await iterator.next() != nil {}
            }
            #expect(error?.code == .compacted)
            #expect(error?.message.contains("revision \(first.revision)") == true)
            #expect((error?.cause as? EtcdError)?.code == .compacted)
            let behind = try await iterator.next()
            #expect(behind == nil)

            // Before the first page it is as for any other read.
            let early = await #expect(throws: EtcdError.self) {
                let old = EtcdPageOptions(revision: first.revision)
                for try await _ in client.pages(of: .all, options: old) {}
            }
            #expect(early?.code == .compacted)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aPageTooLargeForTheClientIsReadInParts(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            for index in 0..<40 {
                // Small ones first, so that the pages have grown when the large ones come.
                let size = index < 30 ? 10 : 20_000
                try await client.put("k/\(100 + index)", [UInt8](repeating: 1, count: size))
            }
            try await client.put("k/huge", [UInt8](repeating: 1, count: 70_000))
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            configuration.maximumResponseSize = 65_536
            try await withEtcdClient(configuration: configuration) { narrow in
                var iterator = narrow.keyValues(in: .all).makeAsyncIterator()
                for index in 0..<40 {
                    let keyValue = try await iterator.next()
                    #expect(keyValue?.key == EtcdBytes("k/\(100 + index)"))
                }
                let error = await #expect(throws: EtcdError.self) { try await iterator.next() }
                #expect(error?.code == .responseTooLarge)
            }
        }
    }

    @Test
    func cancellationEndsTheIterationAtOnce() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                for index in 0..<20 { try await client.put("k/\(index)", "") }
                let patient = client.withRequestTimeout(.seconds(300))
                let (started, signal) = AsyncStream.makeStream(of: Void.self)
                let task = Task {
                    for try await page in patient.pages(of: .all, options: .init(maximumCount: 5)) {
                        if page.keyValues.first?.key == "k/0" {
                            proxy.blackHole()
                            signal.yield()
                        }
                    }
                }
                for await _ in started { break }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
            }
        }
    }

    @Test
    func pagesGoOnAcrossLostConnections() async throws {
        var random = SeededGenerator()
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                try await Self.fill(client, count: 300, largestValue: 20, &random)
                var found: [EtcdKeyValue] = []
                for try await page in client.pages(of: .all, options: .init(maximumCount: 30)) {
                    found += page.keyValues
                    proxy.cut()
                }
                #expect(found == (try await client.range(.all).keyValues))
            }
        }
    }
}
