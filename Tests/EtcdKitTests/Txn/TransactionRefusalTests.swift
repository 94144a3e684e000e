// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

@testable import EtcdKit

struct TransactionRefusalTests {
    struct Overlap: Sendable {
        let transaction: EtcdTransaction
        let explanation: String?
    }

    private static let overlaps = [
        Overlap(
            transaction: .init(then: [.put("a", "1"), .get("a"), .put("a", "2")]),
            explanation: "success[0] and success[2] put the same key"
        ),
        Overlap(
            transaction: .init(otherwise: [.delete(.prefix("a")), .put("ab", "1")]),
            explanation: "failure[0] deletes a key that failure[1] puts"
        ),
        Overlap(
            transaction: .init(then: [.put("ab", "1"), .delete("ab")]),
            explanation: "success[1] deletes a key that success[0] puts"
        ),
        Overlap(
            transaction: .init(then: [
                .put("a", "1"), .transaction(.init(otherwise: [.put("a", "2")])),
            ]),
            explanation: "success[0] and success[1] put the same key"
        ),
        Overlap(
            transaction: .init(then: [
                .get("x"),
                .transaction(.init(otherwise: [.put("a", "2"), .put("a", "3")])),
            ]),
            explanation: "success[1].failure[0] and success[1].failure[1] put the same key"
        ),
        Overlap(
            transaction: .init(then: [.delete(.all), .put("a", "1"), .put("a", "2")]),
            explanation: "success[1] and success[2] put the same key"
        ),
        Overlap(
            transaction: .init(then: [.delete(.all), .put("a", "1")]),
            explanation: "success[0] deletes a key that success[1] puts"
        ),
        // These are taken.
        Overlap(
            transaction: .init(then: [
                .transaction(.init(then: [.put("a", "1")])),
                .transaction(.init(then: [.delete("a")])),
            ]),
            explanation: nil
        ),
        Overlap(
            transaction: .init(then: [.put("a", "1")], otherwise: [.put("a", "2")]),
            explanation: nil
        ),
        Overlap(
            transaction: .init(then: [
                .transaction(.init(then: [.put("a", "1")], otherwise: [.put("a", "2")]))
            ]),
            explanation: nil
        ),
        Overlap(transaction: .init(then: [.delete("a"), .delete(.all)]), explanation: nil),
        Overlap(transaction: .init(then: [.delete("a"), .get("a")]), explanation: nil),
    ]

    @Test(arguments: Self.overlaps)
    func theOperationsThatMeetAreNamed(_ overlap: Overlap) {
        let refusal = EtcdError(code: .duplicateKey, message: "duplicate key")
        let message = overlap.transaction.explained(refusal).message
        #expect(message == "duplicate key" + (overlap.explanation.map { "; \($0)" } ?? ""))
    }

    @Test
    func theNumberThatCountsIsNamed() {
        let refusal = EtcdError(code: .tooManyOperations, message: "too many")
        let puts = (0..<130).map { EtcdOperation.put("k\($0)", "v") }
        let flat = EtcdTransaction(when: [.exists("a")], then: puts)
        #expect(flat.explained(refusal).message.contains("counts 130:"))

        let inner = EtcdTransaction(then: Array(puts[..<100]))
        let outer = EtcdTransaction(
            when: [.exists("a")],
            then: [.transaction(inner)],
            otherwise: Array(puts[..<40])
        )
        let message = outer.explained(refusal).message
        #expect(message.contains("counts 140:"))
        #expect(message.contains("nested"))
    }

    @Test
    func otherErrorsStayAsTheyAre() {
        let error = EtcdError(code: .noSpace, message: "full")
        let transaction = EtcdTransaction(then: [.put("a", "1"), .put("a", "2")])
        #expect(transaction.explained(error).message == "full")
    }

    @Test
    func whatWritesNothingIsReadOnly() {
        let reads = EtcdTransaction(when: [.exists("a")], then: [.get("a")], otherwise: [.get("b")])
        #expect(reads.isReadOnly)
        #expect(EtcdTransaction(then: [.transaction(reads)]).isReadOnly)
        #expect(EtcdTransaction(when: [.exists("a")]).isReadOnly)
        #expect(!EtcdTransaction(otherwise: [.delete("a")]).isReadOnly)
        let nested = EtcdTransaction(otherwise: [.transaction(.init(then: [.put("a", "1")]))])
        #expect(!nested.isReadOnly)
    }

    @Test
    func aMemberAnswersOnItsOwnOnlyIfEachReadAllowsIt() {
        let local = EtcdOperation.range(.all, options: .init(isSerializable: true))
        #expect(EtcdTransaction(when: [.exists("a")], then: [local]).isSerializable)
        #expect(!EtcdTransaction(then: [local], otherwise: [.get("a")]).isSerializable)
        #expect(!EtcdTransaction(then: [.put("a", "1")]).isSerializable)
        #expect(!EtcdTransaction(then: [.transaction(.init(then: [local]))]).isSerializable)
        #expect(!EtcdTransaction(when: [.exists("a")]).isSerializable)
    }

    @Test
    func conditionsAloneComeWithAReadThatAllMembersAnswer() {
        let bare = EtcdTransaction(when: [.isAbsent(.prefix("a"))])
        let request = TxnRequest(bare.linearized)
        guard case .range(let read) = request.success.first?.request else {
            Issue.record("no read")
            return
        }
        #expect(!read.serializable)
        #expect(read.countOnly)
        #expect(read.key == Array("a".utf8))
        let full = EtcdTransaction(when: [.exists("a")], otherwise: [.get("a")])
        #expect(full.linearized == full)
    }
}
