// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

/// What cannot be right is refused before it is sent: by a client that is shut down, too, which
/// refuses everything else as closed.
struct RequestCheckTests {
    struct Call: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let make: @Sendable (EtcdClient) async throws -> Void

        init(_ name: String, _ make: @escaping @Sendable (EtcdClient) async throws -> Void) {
            self.testDescription = name
            self.make = make
        }

        static func range(_ name: String, _ options: EtcdRangeOptions) -> Call {
            Call(name) { _ = try await $0.range(.all, options: options) }
        }

        static func commit(_ name: String, _ transaction: EtcdTransaction) -> Call {
            Call(name) { _ = try await $0.commit(transaction) }
        }

        static func pages(_ name: String, _ options: EtcdPageOptions) -> Call {
            Call(name) { for try await _ in $0.pages(of: .all, options: options) {} }
        }
    }

    private static let found = EtcdKeyValue(
        key: "k",
        value: "v",
        createRevision: 2,
        modRevision: 3,
        version: 2
    )

    private static let wrong: [Call] = [
        Call("put of an empty key") { try await $0.put("", "v") },
        Call("put with lease 0") { try await $0.put("k", "v", lease: EtcdLeaseID(0)) },
        Call("put with a value, keeping it") {
            try await $0.put("k", "v", options: .init(keepValue: true))
        },
        Call("put with a lease, keeping it") {
            try await $0.put("k", "v", lease: EtcdLeaseID(1), options: .init(keepLease: true))
        },
        Call("get of an empty key") { _ = try await $0.get("") },
        Call("get at revision 0") { _ = try await $0.get("k", revision: 0) },
        Call("get at a negative revision") { _ = try await $0.get("k", revision: -1) },
        Call("delete of an empty key") { try await $0.delete("") },
        Call("inverted range") { _ = try await $0.range(.range("b", "a")) },
        Call("range to an empty end") { _ = try await $0.range(.range("b", "")) },
        Call("delete of an inverted range") { try await $0.delete(.range("b", "a")) },
        .commit(
            "put that keeps what a deletion before it takes",
            EtcdTransaction(then: [
                .delete(.all), .put("k", "", options: .init(keepValue: true)),
            ])
        ),
        .commit(
            "the same in transactions within",
            EtcdTransaction(otherwise: [
                .transaction(EtcdTransaction(then: [.delete(.from("j"))])),
                .transaction(
                    EtcdTransaction(then: [.put("k", "v", options: .init(keepLease: true))])
                ),
            ])
        ),
        .range("limit 0", .init(limit: 0)),
        .range("negative limit", .init(limit: -1)),
        .range("revision 0", .init(revision: 0)),
        .range("minimum mod revision 0", .init(minimumModRevision: 0)),
        .range("negative maximum mod revision", .init(maximumModRevision: -1)),
        .range("negative minimum create revision", .init(minimumCreateRevision: -7)),
        .range("maximum create revision 0", .init(maximumCreateRevision: 0)),
        .range("crossed mod revisions", .init(minimumModRevision: 5, maximumModRevision: 4)),
        .range(
            "crossed create revisions",
            .init(minimumCreateRevision: 5, maximumCreateRevision: 4)
        ),
        .range("count and keys only", .init(keysOnly: true, countOnly: true)),
        .range("count with a limit", .init(limit: 1, countOnly: true)),
        .range("count in order", .init(order: .descending, countOnly: true)),
        .range("count by value", .init(target: .value, countOnly: true)),
        .range("count with a filter", .init(countOnly: true, minimumModRevision: 3)),
        Call("compaction at 0") { try await $0.compact(at: 0) },
        Call("compaction at a negative revision") { try await $0.compact(at: -3) },
        .commit("put of an empty key in a transaction", .init(then: [.put("", "v")])),
        .commit("lease 0 in a transaction", .init(then: [.put("k", "v", lease: EtcdLeaseID(0))])),
        .commit("get of an empty key in a transaction", .init(otherwise: [.get("")])),
        .commit("inverted range in a transaction", .init(then: [.range(.range("b", "a"))])),
        .commit("inverted deletion in a transaction", .init(then: [.delete(.range("b", "a"))])),
        .commit(
            "bad limit in a transaction",
            .init(then: [.range(.all, options: .init(limit: 0))])
        ),
        .commit("condition on an empty key", .init(when: [.exists("")])),
        .commit("condition on an inverted range", .init(when: [.isAbsent(.range("b", "a"))])),
        .commit("negative version", .init(when: [.version(of: "k", .equal, -1)])),
        .commit("negative create revision", .init(when: [.createRevision(of: "k", .less, -1)])),
        .commit("negative mod revision", .init(when: [.modRevision(of: "k", .greater, -1)])),
        .commit(
            "bad put in a nested transaction",
            .init(then: [.transaction(.init(otherwise: [.put("", "v")]))])
        ),
        .commit("transactions nested too deep", Self.nested(33)),
        Call("conditional put of an empty key") { _ = try await $0.put("", "v", if: .absent) },
        Call("conditional put at revision 0") {
            _ = try await $0.put("k", "v", if: .lastChanged(at: 0))
        },
        Call("conditional put of another key") {
            _ = try await $0.put("other", "v", if: .unchanged(Self.found))
        },
        Call("value of an absent key to keep") {
            _ = try await $0.put("k", "", if: .absent, options: .init(keepValue: true))
        },
        Call("conditional put with lease 0") {
            _ = try await $0.put("k", "v", if: .absent, lease: EtcdLeaseID(0))
        },
        Call("deletion of an absent key") { _ = try await $0.delete("k", if: .absent) },
        Call("deletion of what was not found") {
            _ = try await $0.delete("k", if: .unchanged(nil))
        },
        Call("conditional deletion of another key") {
            _ = try await $0.delete("other", if: .unchanged(Self.found))
        },
        .pages("pages of no keys", .init(maximumCount: 0)),
        .pages("pages of no bytes", .init(targetByteCount: 0)),
        .pages("pages at revision 0", .init(revision: 0)),
        Call("pages of an inverted range") {
            for try await _ in $0.pages(of: .range("b", "a")) {}
        },
        Call("keys of an empty key") { for try await _ in $0.keyValues(in: .key("")) {} },
    ]

    private static let right: [Call] = [
        .commit(
            "put that keeps what is deleted in the other list",
            EtcdTransaction(
                then: [.delete(.all)],
                otherwise: [.put("k", "", options: .init(keepValue: true))]
            )
        ),
        .commit(
            "put that keeps what a deletion after it takes",
            EtcdTransaction(then: [
                .put("k", "", options: .init(keepValue: true)), .delete(.from("k")),
            ])
        ),
        .commit(
            "put that keeps what a deletion before it leaves",
            EtcdTransaction(then: [
                .delete(.from("l")), .put("k", "", options: .init(keepValue: true)),
            ])
        ),
        Call("put") { try await $0.put("k", "v", lease: EtcdLeaseID(-1)) },
        Call("get") { _ = try await $0.get("k", revision: 1) },
        Call("delete of no keys") { try await $0.delete(.range("a", "a")) },
        .range("limit 1", .init(limit: 1, order: .descending, keysOnly: true)),
        .range("count", .init(revision: 7, isSerializable: true, countOnly: true)),
        .range("same bounds", .init(minimumModRevision: 5, maximumModRevision: 5)),
        .commit("transaction", .init(when: [.version(of: "k", .equal, 0)], then: [.get("k")])),
        .commit("transactions nested deep", Self.nested(32)),
        Call("conditional put") { _ = try await $0.put("k", "", if: .unchanged(Self.found)) },
        Call("conditional delete") { _ = try await $0.delete("k", if: .lastChanged(at: 1)) },
        .pages("pages", .init(maximumCount: 1, targetByteCount: 1, revision: 1)),
        Call("compaction") { try await $0.compact(at: 1) },
    ]

    /// So many transactions inside each other.
    private static func nested(_ depth: Int) -> EtcdTransaction {
        (1..<depth).reduce(EtcdTransaction(then: [.put("k", "v")])) { inner, _ in
            EtcdTransaction(then: [.transaction(inner)])
        }
    }

    private func error(of call: Call) async throws -> EtcdError? {
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        await client.shutdown()
        return await #expect(throws: EtcdError.self) { try await call.make(client) }
    }

    @Test(arguments: Self.wrong)
    func whatCannotBeRightIsRefused(_ call: Call) async throws {
        let error = try await self.error(of: call)
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.isEmpty == false)
    }

    @Test(arguments: Self.right)
    func whatCanBeRightIsNot(_ call: Call) async throws {
        #expect(try await self.error(of: call)?.code == .closed)
    }
}
