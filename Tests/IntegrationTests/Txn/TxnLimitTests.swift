// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What the server takes in a transaction and what it refuses, as ``EtcdTransaction`` describes it.
@Suite(.hangLimit)
struct TxnLimitTests {
    private static let taken: [EtcdTransaction] = [
        .init(),
        .init(then: [.put("a", "1")], otherwise: [.put("a", "2")]),
        .init(then: [.transaction(.init(then: [.put("a", "1")], otherwise: [.put("a", "2")]))]),
        .init(then: [.delete("a"), .delete(.prefix("a")), .delete(.all)]),
        .init(then: [.delete(.prefix("a")), .get("a"), .put("b", "1")]),
        .init(then: [.delete("a")], otherwise: [.put("a", "1")]),
        .init(then: [
            .transaction(.init(then: [.put("a", "1")])), .transaction(.init(then: [.delete("a")])),
        ]),
        Self.unbounded,
    ]

    private static let unbounded = EtcdTransaction(then: [.delete(.all), .put("last", "1")])

    private static let refused: [(EtcdTransaction, String)] = [
        (.init(then: [.put("a", "1"), .put("a", "2")]), "success[0] and success[1] put"),
        (
            .init(then: [.get("a"), .delete(.prefix("a")), .put("ab", "1")]),
            "success[1] deletes a key that success[2] puts"
        ),
        (
            .init(when: [.exists("x")], otherwise: [.put("a", "1"), .delete("a")]),
            "failure[1] deletes a key that failure[0] puts"
        ),
        (
            .init(then: [.put("a", "1"), .transaction(.init(otherwise: [.put("a", "2")]))]),
            "success[0] and success[1] put"
        ),
        (
            .init(then: [.delete(.prefix("a")), .transaction(.init(then: [.put("a", "2")]))]),
            "success[0] deletes a key that success[1] puts"
        ),
        (
            .init(then: [.transaction(.init(otherwise: [.put("a", "2"), .delete("a")]))]),
            "success[0].failure[1] deletes a key that success[0].failure[0] puts"
        ),
    ]

    @Test(arguments: EtcdVersion.allCases)
    func keysMayBeWrittenOnceInAList(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            for transaction in Self.taken {
                let answer = try await client.commit(transaction)
                #expect(answer.succeeded)
            }
            #expect(try await client.get("last") != nil)
            // A namespace gives the deletion a bound.
            let error = await #expect(throws: EtcdError.self) {
                try await client.namespaced("n").commit(Self.unbounded)
            }
            #expect(error?.code == .duplicateKey)
            #expect(error?.message.contains("success[0] deletes a key that success[1]") == true)
            for (transaction, explanation) in Self.refused {
                let error = await #expect(throws: EtcdError.self) {
                    try await client.commit(transaction)
                }
                #expect(error?.code == .duplicateKey)
                #expect(error?.message.contains(explanation) == true, "\(explanation)")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func listsOfNestedTransactionsCountTogether(_ version: EtcdVersion) async throws {
        func puts(_ count: Int, _ prefix: String) -> [EtcdOperation] {
            (0..<count).map { .put("\(prefix)\($0)", "") }
        }
        try await withEtcdAndClient(version) { _, client in
            _ = try await client.commit(.init(then: puts(128, "a"), otherwise: puts(128, "b")))
            let full = EtcdTransaction(
                then: puts(27, "a") + [.transaction(.init(then: puts(100, "b")))]
            )
            _ = try await client.commit(full)

            let conditions = [EtcdCompare](repeating: .isAbsent("a"), count: 129)
            let tooMany: [(EtcdTransaction, Int)] = [
                (.init(then: puts(129, "a")), 129),
                (.init(when: conditions), 129),
                (
                    .init(then: puts(28, "a") + [.transaction(.init(otherwise: puts(100, "b")))]),
                    129
                ),
            ]
            for (transaction, count) in tooMany {
                let error = await #expect(throws: EtcdError.self) {
                    try await client.commit(transaction)
                }
                #expect(error?.code == .tooManyOperations)
                #expect(error?.message.contains("counts \(count):") == true)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func conditionsAloneHaveNoResults(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            try await client.put("a", "1")
            let holding = try await client.commit(.init(when: [.exists("a")]))
            #expect(holding.succeeded)
            #expect(holding.results.isEmpty)
            let failing = try await client.commit(.init(when: [.isAbsent(.all)]))
            #expect(!failing.succeeded)
            #expect(failing.results.isEmpty)
        }
    }
}
