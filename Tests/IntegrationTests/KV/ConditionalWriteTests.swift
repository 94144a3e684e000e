// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct ConditionalWriteTests {
    @Test(arguments: EtcdVersion.allCases)
    func aKeyIsCreatedOnce(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let first = try await client.put("a", "1", if: .absent)
            #expect(first.isDone)
            let stored = try await client.get("a")
            #expect(stored?.modRevision == first.response?.header.revision)

            let second = try await client.put("a", "2", if: .unchanged(nil))
            guard case .conflict(let current, let header) = second else {
                Issue.record("written twice")
                return
            }
            #expect(current == stored)
            #expect(header.revision == stored?.modRevision)
            #expect(try await client.get("a") == stored)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func onlyWhatIsUnchangedIsWrittenOrDeleted(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let old = try await client.put("a", "1").header.revision
            let found = try #require(try await client.get("a"))
            let options = EtcdPutOptions(includePrevious: true)
            let written = try await client.put("a", "2", if: .unchanged(found), options: options)
            #expect(written.response?.previous == found)

            let late = try await client.put("a", "3", if: .lastChanged(at: old))
            #expect(!late.isDone)
            let lateDeletion = try await client.delete("a", if: .unchanged(found))
            guard case .conflict(let current?, _) = lateDeletion else {
                Issue.record("no conflict with a key")
                return
            }
            #expect(current.value == "2")

            let deleted = try await client.delete("a", if: .unchanged(current))
            #expect(deleted.response?.deleted == 1)
            let again = try await client.delete("a", if: .unchanged(current))
            guard case .conflict(current: nil, _) = again else {
                Issue.record("deleted twice")
                return
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func noIncrementIsLost(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let view = client.namespaced("counters/")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<5 { try await Self.increment("n", on: view) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await client.get("counters/n")?.value == "40")
        }
    }

    private static func increment(_ key: String, on client: EtcdClient) async throws {
        var found = try await client.get(key)
        while true {
            let next = String((found?.value.string.flatMap { Int($0) } ?? 0) + 1)
            switch try await client.put(key, next, if: .unchanged(found)) {
            case .done: return
            case .conflict(let current, _): found = current
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aLostAnswerThatNothingTellsIsAmbiguous(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { _, proxy, client in
            try await client.put("a", "1")
            let found = try #require(try await client.get("a"))

            proxy.dropNextAnswer()
            let put = await #expect(throws: EtcdError.self) {
                try await client.put("a", "2", if: .unchanged(found))
            }
            #expect(put?.code == .ambiguous)
            let written = try #require(try await client.get("a"))
            #expect(written.value == "2")
            #expect(written.version == 2)

            proxy.dropNextAnswer()
            let deletion = await #expect(throws: EtcdError.self) {
                try await client.delete("a", if: .unchanged(written))
            }
            #expect(deletion?.code == .ambiguous)
            #expect(try await client.get("a") == nil)

            proxy.dropNextAnswer()
            let creation = await #expect(throws: EtcdError.self) {
                try await client.put("a", "3", if: .absent)
            }
            #expect(creation?.code == .ambiguous)
            #expect(proxy.droppedAnswers == 3)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aWriteThatWasLostOnTheWayIsDoneAfterAll(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { _, proxy, client in
            try await client.put("a", "1")
            let found = try await client.get("a")
            proxy.blackHole()
            let write = Task { try await client.put("a", "2", if: .unchanged(found)) }
            try await Task.sleep(for: .milliseconds(100))
            try await Self.loseWhatIsHeld(by: proxy)
            #expect(try await write.value.isDone)
            #expect(try await client.get("a")?.version == 2)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aLostWriteThatAnotherOneTookThePlaceOfIsAConflict(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { etcd, proxy, client in
            try await client.put("a", "1")
            let found = try await client.get("a")
            proxy.blackHole()
            let put = Task { try await client.put("a", "mine", if: .unchanged(found)) }
            let deletion = Task { try await client.delete("a", if: .unchanged(found)) }
            try await Task.sleep(for: .milliseconds(100))
            _ = try await etcd.etcdctl("put", "a", "theirs")
            try await Self.loseWhatIsHeld(by: proxy)
            guard case .conflict(let current?, _) = try await put.value,
                case .conflict(current: .some, _) = try await deletion.value
            else {
                Issue.record("no conflict")
                return
            }
            #expect(current.value == "theirs")
            #expect(try await client.get("a") == current)
        }
    }

    /// Ends a black hole such that nothing of what went into it comes out.
    private static func loseWhatIsHeld(by proxy: FaultProxy) async throws {
        proxy.refuse()
        proxy.cut()
        while proxy.openConnections > 0 { try await Task.sleep(for: .milliseconds(5)) }
        proxy.heal()
        try proxy.accept()
    }

    private func withProxy(
        _ version: EtcdVersion,
        _ body: (EtcdProcess, FaultProxy, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                try await body(etcd, proxy, client.withRequestTimeout(.seconds(30)))
            }
        }
    }
}
