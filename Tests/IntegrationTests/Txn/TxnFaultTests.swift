// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Transactions whose answers are lost.
@Suite(.hangLimit)
struct TxnFaultTests {
    private static let reading: [EtcdTransaction] = [
        .init(then: [.get("a")]),
        .init(when: [.exists("a")], then: [.range(.all)], otherwise: [.get("b")]),
        .init(when: [.isAbsent(.prefix("b"))]),
        .init(then: [.range(.all, options: .init(isSerializable: true))]),
        .init(then: [.transaction(.init(when: [.exists("a")], then: [.get("a")]))]),
    ]

    private static let writing: [EtcdTransaction] = [
        .init(when: [.exists("a")], then: [.get("a")], otherwise: [.put("b", "1")]),
        .init(when: [.isAbsent("a")], then: [.delete("a")], otherwise: [.get("a")]),
        .init(then: [
            .transaction(.init(when: [.isAbsent("a")], then: [.get("a"), .put("b", "1")]))
        ]),
    ]

    private func withProxy(
        _ version: EtcdVersion,
        _ body: (FaultProxy, EtcdClient) async throws -> Void
    ) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                try await body(proxy, client.withRequestTimeout(.seconds(30)))
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatOnlyReadsIsRepeated(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { proxy, client in
            for (index, transaction) in Self.reading.enumerated() {
                let expected = try await client.commit(transaction)
                proxy.dropNextAnswer()
                let answer = try await client.commit(transaction)
                #expect(proxy.droppedAnswers == index + 1)
                #expect(answer == expected)
                #expect(answer.succeeded)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatMayWriteIsNotRepeated(_ version: EtcdVersion) async throws {
        try await self.withProxy(version) { proxy, client in
            for (index, transaction) in Self.writing.enumerated() {
                proxy.dropNextAnswer()
                let error = await #expect(throws: EtcdError.self) {
                    try await client.commit(transaction)
                }
                #expect(error?.code == .ambiguous)
                #expect(proxy.droppedAnswers == index + 1)
                // A connection that was lost is not the next transaction's matter.
                _ = try await client.get("a")
            }
        }
    }
}
