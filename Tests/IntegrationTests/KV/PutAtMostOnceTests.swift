// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// No write happens twice, and each is told as it was: done, not done, or not known.
@Suite(.hangLimit)
struct PutAtMostOnceTests {
    private func withProxy(
        _ version: EtcdVersion,
        _ body: (FaultProxy, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint(through: proxy)])
            configuration.requestTimeout = .seconds(20)
            try await withEtcdClient(configuration: configuration) { client in
                try await body(proxy, client)
            }
        }
    }

    /// The key's version counts the puts that happened.
    private func version(of key: String, _ client: EtcdClient) async throws -> Int {
        Int(try await client.get(key)?.version ?? 0)
    }

    @Test(arguments: EtcdVersion.allCases)
    func aPutWhoseAnswerIsLostHappensOnce(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { proxy, client in
            var lost = 0
            for round in 1...50 where lost < 10 {
                proxy.dropNextAnswer()
                do {
                    try await client.put("a", "\(round)")
                    // What was dropped was no answer but came between two, such as a PING's.
                } catch let error as EtcdError {
                    #expect(error.code == .ambiguous)
                    lost += 1
                }
                let count = try await self.version(of: "a", client)
                #expect(count == round)
            }
            #expect(lost == 10)
            #expect(proxy.droppedAnswers >= 10)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func connectionsThatAreCutAtRandomDoublePutsNever(_ version: EtcdVersion) async throws {
        let seed = UInt64.random(in: 0...UInt64(UInt32.max))
        print("puts under cuts: seed \(seed)")
        try await self.withProxy(version) { proxy, client in
            let cutting = Task {
                var generator = SeededGenerator(seed: seed)
                while !Task.isCancelled {
                    try await Task.sleep(
                        for: .milliseconds(Int.random(in: 10...120, using: &generator))
                    )
                    if Bool.random(using: &generator) {
                        proxy.cut()
                    } else {
                        proxy.dropNextAnswer()
                    }
                }
            }
            defer { cutting.cancel() }
            // Four at once, so that a cut finds some under way, and on a machine that is so busy that the
            // cuts come late for as long as it takes.
            let ambiguities = Journal<Int>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 {
                    group.addTask {
                        var ledger = CountLedger()
                        let key = "key \(writer)"
                        for round in 0..<20_000 {
                            guard round < 150 || ambiguities.entries.isEmpty else { break }
                            do {
                                try await client.put(key, "\(round)")
                                ledger.acknowledged(key)
                            } catch let error as EtcdError where error.code == .ambiguous {
                                ledger.ambiguous(key)
                                ambiguities.append(round)
                            }
                        }
                        let applied = try await self.version(of: key, client)
                        #expect(ledger.check(key, applied: applied) == [])
                    }
                }
                try await group.waitForAll()
            }
            let count = ambiguities.entries.count
            #expect(count > 0, "no cut hit a put: nothing was tested")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func appendsOnConditionAreThereOnceAndInOrder(_ version: EtcdVersion) async throws {
        let seed = UInt64.random(in: 0...UInt64(UInt32.max))
        print("appends under cuts: seed \(seed)")
        try await self.withProxy(version) { proxy, client in
            var generator = SeededGenerator(seed: seed)
            var ledger = AppendLedger()
            for element in 0..<120 {
                let found = try await client.get("list")
                let value = [found?.value.string, "\(element)"].compactMap(\.self)
                    .joined(separator: " ")
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: proxy.dropNextAnswer()
                case 1: proxy.cut()
                default: break
                }
                do {
                    let outcome = try await client.put("list", value, if: .unchanged(found))
                    #expect(outcome.isDone)
                    ledger.acknowledged("\(element)")
                } catch let error as EtcdError where error.code == .ambiguous {
                    ledger.ambiguous("\(element)")
                }
            }
            let list = try await client.get("list")?.value.string ?? ""
            let elements = list.split(separator: " ").map(String.init)
            #expect(ledger.check(elements, isOrdered: true) == [])
            #expect(proxy.droppedAnswers > 0)
        }
    }
}
