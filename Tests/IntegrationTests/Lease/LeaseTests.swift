// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct LeaseTests {
    @Test(arguments: EtcdVersion.allCases)
    func aLeaseIsGrantedListedRenewedAndRevoked(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let grant = try await client.grantLease(ttl: .milliseconds(59_500))
            #expect(grant.ttl == .seconds(60))
            #expect(grant.id.rawValue > 0)
            try await client.put("a", "1", lease: grant.id)
            try await client.put("b", "1", lease: grant.id)
            #expect(try await client.get("a")?.lease == grant.id)
            #expect(try await client.leases() == [grant.id])

            let left = try #require(
                try await client.timeToLive(of: grant.id, includingKeys: true)
            )
            #expect(left.granted == .seconds(60))
            #expect(left.remaining <= .seconds(60) && left.remaining > .seconds(30))
            #expect(Set(left.keys) == ["a", "b"])
            #expect(try await client.timeToLive(of: grant.id)?.keys == [])

            #expect(try await client.keepAlive(grant.id) == .seconds(60))
            try await client.revokeLease(grant.id)
            #expect(try await client.range(.all).keyValues.isEmpty)
            #expect(try await client.leases().isEmpty)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aLeaseThatIsNotThereIsToldApart(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let id = EtcdLeaseID(4711)
            let left = try await client.timeToLive(of: id)
            #expect(left == nil)
            let renewal = await #expect(throws: EtcdError.self) {
                try await client.keepAlive(id)
            }
            #expect(renewal?.code == .leaseNotFound)
            let revocation = await #expect(throws: EtcdError.self) {
                try await client.revokeLease(id)
            }
            #expect(revocation?.code == .leaseNotFound)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aChosenIDIsUsedAndCannotBeTakenTwice(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let grant = try await client.grantLease(ttl: .seconds(60), id: EtcdLeaseID(4711))
            #expect(grant.id == EtcdLeaseID(4711))
            let error = await #expect(throws: EtcdError.self) {
                try await client.grantLease(ttl: .seconds(60), id: EtcdLeaseID(4711))
            }
            #expect(error?.code == .leaseExists)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func timesToLiveOutOfRangeAreRefused(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            // The server's minimum.
            let shortest = try await client.grantLease(ttl: .seconds(1))
            #expect(shortest.ttl == .seconds(2))
            let tooLarge = await #expect(throws: EtcdError.self) {
                try await client.grantLease(ttl: .seconds(10_000_000_000))
            }
            #expect(tooLarge?.code == .leaseTTLTooLarge)
            let none = await #expect(throws: EtcdError.self) {
                try await client.grantLease(ttl: .zero)
            }
            #expect(none?.code == .invalidArgument)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aGrantWhoseAnswerIsLostLeavesOneLease(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                proxy.dropNextAnswer()
                let grant = try await client.grantLease(ttl: .seconds(60))
                #expect(proxy.droppedAnswers == 1)
                #expect(grant.ttl == .seconds(60))
                #expect(try await client.leases() == [grant.id])
            }
        }
    }
}
