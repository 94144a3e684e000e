// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct KVTests {
    @Test(arguments: EtcdVersion.allCases)
    func whatIsPutIsReadAndDeleted(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let first = try await client.put("a", "1")
            let second = try await client.put("a", "2", options: .init(includePrevious: true))
            #expect(second.header.revision == first.header.revision.next)
            #expect(second.previous?.value == "1")

            let found = try #require(try await client.get("a"))
            #expect(found.value == "2")
            #expect(found.createRevision == first.header.revision)
            #expect(found.modRevision == second.header.revision)
            #expect(found.version == 2)
            #expect(found.lease == nil)
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "2")

            let old = try await client.get("a", revision: first.header.revision)
            #expect(old?.value == "1")
            let local = try await client.get("a", isSerializable: true)
            #expect(local?.value == "2")

            let deleted = try await client.delete("a", options: .init(includePrevious: true))
            #expect(deleted.deleted == 1)
            #expect(deleted.previous.map(\.value) == ["2"])
            #expect(try await client.get("a") == nil)
            #expect(try await client.delete("a").deleted == 0)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func everyOptionOfARangeIsObeyed(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            var revisions: [EtcdRevision] = []
            for (key, value) in [("k/b", "3"), ("k/c", "1"), ("k/a", "2"), ("other", "0")] {
                revisions.append(try await client.put(key, value).header.revision)
            }
            revisions.append(try await client.put("k/b", "9").header.revision)
            func keys(_ options: EtcdRangeOptions) async throws -> [String?] {
                try await client.range(.prefix("k/"), options: options).keyValues.map(\.key.string)
            }

            #expect(try await keys(.init()) == ["k/a", "k/b", "k/c"])
            #expect(try await keys(.init(order: .descending)) == ["k/c", "k/b", "k/a"])
            #expect(try await keys(.init(target: .value)) == ["k/c", "k/a", "k/b"])
            #expect(
                try await keys(.init(order: .descending, target: .createRevision))
                    == ["k/a", "k/c", "k/b"]
            )
            #expect(try await keys(.init(target: .modRevision)) == ["k/c", "k/a", "k/b"])
            #expect(try await keys(.init(order: .descending, target: .version)).first == "k/b")
            #expect(try await keys(.init(minimumModRevision: revisions[2])) == ["k/a", "k/b"])
            #expect(try await keys(.init(maximumModRevision: revisions[1])) == ["k/c"])
            #expect(try await keys(.init(minimumCreateRevision: revisions[1])) == ["k/a", "k/c"])
            #expect(try await keys(.init(maximumCreateRevision: revisions[0])) == ["k/b"])
            #expect(try await keys(.init(revision: revisions[1])) == ["k/b", "k/c"])

            let limited = try await client.range(.prefix("k/"), options: .init(limit: 2))
            #expect(limited.keyValues.count == 2)
            #expect(limited.more)
            #expect(limited.count == 3)

            let names = try await client.range(.prefix("k/"), options: .init(keysOnly: true))
            #expect(names.keyValues.filter { !$0.value.isEmpty } == [])
            #expect(try await keys(.init(target: .value, keysOnly: true)) == ["k/c", "k/a", "k/b"])
            let count = try await client.range(.all, options: .init(countOnly: true))
            #expect(count.keyValues.isEmpty)
            #expect(count.count == 4)

            let empty = try await client.range(.range("k/a", "k/a"))
            #expect(empty.count == 0)
            let fromB = try await client.range(.from("k/b"))
            #expect(fromB.keyValues.map(\.key.string) == ["k/b", "k/c", "other"])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func valueOrLeaseCanBeKept(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let lease = try await etcd.grantLeaseByEtcdctl()
            try await client.put("a", "1", lease: lease)
            try await client.put("a", "2", options: .init(keepLease: true))
            let kept = try await client.get("a")
            #expect(kept?.value == "2")
            #expect(kept?.lease == lease)

            try await client.put("a", "", options: .init(keepValue: true))
            let unbound = try await client.get("a")
            #expect(unbound?.value == "2")
            #expect(unbound?.lease == nil)

            let missing = await #expect(throws: EtcdError.self) {
                try await client.put("none", "", options: .init(keepValue: true))
            }
            #expect(missing?.code == .keyNotFound)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anyBytesAreGoodForKeysAndValues(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let all = [UInt8](0...255)
            try await client.put(all, all)
            #expect(try await client.get(all)?.value.bytes == all)

            try await client.put([UInt8(0xff), 0xff, 0x01], "x")
            try await client.put("a", "")
            let last = try await client.range(.prefix([UInt8(0xff), 0xff]))
            #expect(last.keyValues.map(\.key.bytes) == [[0xff, 0xff, 0x01]])
            #expect(try await client.get("a")?.value.isEmpty == true)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func compactedAndFutureRevisionsAreTypedErrors(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let first = try await client.put("a", "1").header.revision
            let second = try await client.put("a", "2").header.revision
            try await client.compact(at: second, physical: true)

            let compacted = await #expect(throws: EtcdError.self) {
                try await client.get("a", revision: first)
            }
            #expect(compacted?.code == .compacted)
            let again = await #expect(throws: EtcdError.self) {
                try await client.compact(at: second)
            }
            #expect(again?.code == .compacted)
            let future = await #expect(throws: EtcdError.self) {
                try await client.get("a", revision: 1_000_000)
            }
            #expect(future?.code == .futureRevision)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aValueOverTheServersLimitIsRefusedAndNothingIsStored(
        _ version: EtcdVersion
    ) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            // Over etcd's own limit, over gRPC's, and over what this client sends at all.
            for size in [1_600_000, 3 << 20, 32 << 20] {
                let error = await #expect(throws: EtcdError.self) {
                    try await client.put("big", [UInt8](repeating: 7, count: size))
                }
                #expect(error?.code == .requestTooLarge, "\(size) bytes")
            }
            #expect(try await client.get("big") == nil)
            try await client.put("big", [UInt8](repeating: 7, count: 1_500_000))
            #expect(try await client.get("big")?.value.count == 1_500_000)
        }
    }

    @Test
    func anAnswerOverTheClientsLimitIsRefused() async throws {
        try await withEtcd(.v3_5) { etcd in
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            configuration.maximumResponseSize = 10_000
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", [UInt8](repeating: 1, count: 20_000))
                let error = await #expect(throws: EtcdError.self) {
                    try await client.get("a")
                }
                #expect(error?.code == .responseTooLarge)
                #expect(error?.endpoint == etcd.endpoint)
                #expect(try await client.range(.all, options: .init(countOnly: true)).count == 1)
            }
        }
    }

    @Test
    func requestsThatCannotBeRightAreNotSent() async throws {
        // Nothing listens here: what is sent fails otherwise.
        let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:1"])
        try await withEtcdClient(configuration: configuration) { client in
            func code(_ body: () async throws -> Void) async -> EtcdError.Code? {
                do {
                    try await body()
                    return nil
                } catch {
                    return (error as? EtcdError)?.code
                }
            }
            let codes = [
                await code { try await client.put("", "1") },
                await code { _ = try await client.get("") },
                await code { try await client.delete("") },
                await code {
                    _ = try await client.range(.all, options: .init(limit: -1))
                },
                await code { _ = try await client.get("a", revision: -1) },
                await code {
                    try await client.put("a", "1", options: .init(keepValue: true))
                },
                await code {
                    try await client.put(
                        "a",
                        "1",
                        lease: EtcdLeaseID(1),
                        options: .init(keepLease: true)
                    )
                },
                await code {
                    _ = try await client.commit(EtcdTransaction().then(.put("", "1")))
                },
            ]
            #expect(codes == Array(repeating: .invalidArgument, count: codes.count))
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func manyCallsAtOnceShareTheConnection(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        try await client.put("many/\(index)", "\(index)")
                        let value = try await client.get("many/\(index)")?.value
                        #expect(value == EtcdBytes("\(index)"))
                    }
                }
                try await group.waitForAll()
            }
            let count = try await client.range(
                .prefix("many/"),
                options: .init(countOnly: true)
            ).count
            #expect(count == 200)
        }
    }
}
