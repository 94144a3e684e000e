// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

/// What etcd would refuse, or take for something else, is not sent: nobody listens here.
struct LeaseArgumentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: EtcdError.Code
        let words: String
        let call: @Sendable (EtcdClient) async throws -> Void
    }

    private static let zero = EtcdLeaseID(0)

    @Test(arguments: [
        Case(testDescription: "no time", code: .invalidArgument, words: "not more than zero") {
            _ = try await $0.grantLease(ttl: .zero)
        },
        Case(testDescription: "negative", code: .invalidArgument, words: "not more than zero") {
            _ = try await $0.openLeaseSession(ttl: .seconds(-1))
        },
        Case(testDescription: "in a scope", code: .invalidArgument, words: "not more than zero") {
            try await $0.withLease(ttl: .zero) { _ in }
        },
        Case(testDescription: "too long", code: .leaseTTLTooLarge, words: "9000000000 seconds") {
            _ = try await $0.grantLease(ttl: .seconds(9_000_000_000) + .nanoseconds(1))
        },
        Case(testDescription: "as long as can be", code: .leaseTTLTooLarge, words: "give less") {
            _ = try await $0.grantLease(ttl: .seconds(Int64.max))
        },
        Case(testDescription: "ID to grant", code: .invalidArgument, words: "0 is not the ID") {
            _ = try await $0.grantLease(ttl: .seconds(1), id: Self.zero)
        },
        Case(testDescription: "ID to revoke", code: .invalidArgument, words: "0 is not the ID") {
            try await $0.revokeLease(Self.zero)
        },
        Case(testDescription: "ID to renew", code: .invalidArgument, words: "0 is not the ID") {
            _ = try await $0.keepAlive(Self.zero)
        },
        Case(testDescription: "ID to ask for", code: .invalidArgument, words: "0 is not the ID") {
            _ = try await $0.timeToLive(of: Self.zero)
        },
    ])
    func whatCannotBeIsRefusedBeforeItIsSent(_ example: Case) async throws {
        try await withEtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"])) { client in
            let error = await #expect(throws: EtcdError.self) { try await example.call(client) }
            #expect(error?.code == example.code)
            #expect(error?.message.contains(example.words) == true)
            #expect(error?.endpoint == nil)
        }
    }
}
