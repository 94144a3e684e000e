// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct TxnTests {
    @Test(arguments: EtcdVersion.allCases)
    func theBranchFollowsTheConditions(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let create = EtcdTransaction()
                .when(.isAbsent("a"))
                .then(.put("a", "1"))
                .otherwise(.get("a"))
            let first = try await client.commit(create)
            #expect(first.succeeded)
            #expect(first.results.count == 1)
            #expect(first.results[0].putResponse?.header.revision == first.header.revision)

            let second = try await client.commit(create)
            #expect(!second.succeeded)
            #expect(second.results[0].rangeResponse?.keyValues.map(\.value) == ["1"])
            #expect(second.header.memberID != 0)
            #expect(second.results[0].rangeResponse?.header.memberID == second.header.memberID)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func everyConditionComparesWhatItSays(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let lease = try await etcd.grantLeaseByEtcdctl()
            let created = try await client.put("a", "m").header.revision
            let changed = try await client.put("a", "m", lease: lease).header.revision
            try await client.put("p/1", "x")
            try await client.put("p/2", "x")
            let found = try #require(try await client.get("a"))

            let holding: [EtcdCompare] = [
                .version(of: "a", .equal, 2), .version(of: "a", .greater, 1),
                .createRevision(of: "a", .equal, created),
                .createRevision(of: "a", .less, changed),
                .modRevision(of: "a", .equal, changed),
                .modRevision(of: "a", .notEqual, created),
                .value(of: "a", .equal, "m"), .value(of: "a", .greater, "l"),
                .value(of: "a", .less, "n"), .value(of: "a", .notEqual, ""),
                .lease(of: "a", .equal, lease), .lease(of: "p/1", .equal, nil),
                .isAbsent("none"), .exists("a"), .isUnchanged(found),
                .isAbsent(.prefix("none/")),
                .version(of: .prefix("p/"), .equal, 1),
                .value(of: .prefix("p/"), .equal, "x"),
                .createRevision(of: .prefix("p/"), .greater, changed),
                .modRevision(of: .prefix("p/"), .greater, changed),
                .lease(of: .prefix("p/"), .equal, nil),
            ]
            #expect(try await client.commit(EtcdTransaction(when: holding)).succeeded)

            let failing: [EtcdCompare] = [
                .version(of: "a", .equal, 1), .createRevision(of: "a", .greater, created),
                .modRevision(of: "a", .less, changed), .value(of: "a", .equal, "M"),
                .lease(of: "a", .equal, nil), .isAbsent("a"), .exists("none"),
                .isAbsent(.prefix("p/")), .value(of: .prefix("p/"), .equal, "y"),
            ]
            for compare in failing {
                let answer = try await client.commit(EtcdTransaction(when: holding + [compare]))
                #expect(!answer.succeeded, "\(compare)")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func transactionsNest(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            try await client.put("old/1", "x")
            let inner = EtcdTransaction()
                .when(.exists("old/1"))
                .then(
                    .delete(.prefix("old/"), options: .init(includePrevious: true)),
                    .put("new", "y", options: .init(includePrevious: true))
                )
            let answer = try await client.commit(
                EtcdTransaction(then: [.transaction(inner), .range(.prefix("old/"))])
            )

            let nested = try #require(answer.results[0].transactionResponse)
            #expect(nested.succeeded)
            #expect(nested.results[0].deleteResponse?.deleted == 1)
            #expect(nested.results[0].deleteResponse?.previous.map(\.key) == ["old/1"])
            #expect(nested.results[1].putResponse != nil)
            #expect(answer.results[1].rangeResponse?.count == 0)
            #expect(nested.results[1].rangeResponse == nil)
            #expect(try await client.get("new")?.value == "y")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatTheServerRefusesIsTyped(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let twice = await #expect(throws: EtcdError.self) {
                try await client.commit(EtcdTransaction().then(.put("a", "1"), .put("a", "2")))
            }
            #expect(twice?.code == .duplicateKey)

            let puts = (0..<129).map { EtcdOperation.put("k\($0)", "v") }
            let many = await #expect(throws: EtcdError.self) {
                try await client.commit(EtcdTransaction(then: puts))
            }
            #expect(many?.code == .tooManyOperations)
            #expect(many?.message.contains("128") == true)

            var nested = EtcdTransaction().then(.put("a", "1"))
            for _ in 0..<40 {
                nested = EtcdTransaction().then(.transaction(nested))
            }
            let tooDeep = nested
            let deep = await #expect(throws: EtcdError.self) {
                try await client.commit(tooDeep)
            }
            #expect(deep?.code == .invalidArgument)
            let count = try await client.range(.all).count
            #expect(count == 0)
        }
    }
}
