// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct DowngradeTests {
    @Test func aDowngradeIsValidatedEnabledAndCancelled() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            let maintenance = client.maintenance
            // The members agree on the cluster's version a moment after the start.
            var version: String?
            try await eventually {
                version = try? await maintenance.validateDowngrade(to: "3.4.0")
                return version != nil
            }
            #expect(version?.hasPrefix("3.5") == true)
            let far = await etcdError { try await maintenance.validateDowngrade(to: "3.3.0") }
            #expect(far?.code == .invalidArgument)
            let odd = await etcdError { try await maintenance.validateDowngrade(to: "old") }
            #expect(odd?.code == .invalidArgument)
            let none = await etcdError { try await maintenance.cancelDowngrade() }
            #expect(none?.code == .noDowngradeInProgress)

            try await maintenance.enableDowngrade(to: "3.4.0")
            let twice = await etcdError { try await maintenance.enableDowngrade(to: "3.4.0") }
            #expect(twice?.code == .downgradeInProgress)
            try await maintenance.cancelDowngrade()
            let again = await etcdError { try await maintenance.cancelDowngrade() }
            #expect(again?.code == .noDowngradeInProgress)
        }
    }

    @Test func anOlderServerSaysWhichVersionIsNeeded() async throws {
        try await withEtcdAndClient(.v3_4) { _, client in
            let maintenance = client.maintenance
            let errors = [
                await etcdError { try await maintenance.validateDowngrade(to: "3.3.0") },
                await etcdError { try await maintenance.enableDowngrade(to: "3.3.0") },
                await etcdError { try await maintenance.cancelDowngrade() },
            ]
            #expect(errors.allSatisfy { $0?.code == .unsupported })
            #expect(errors.allSatisfy { $0?.message.contains("etcd 3.5 or newer") == true })
        }
    }

    @Test func anEmptyVersionIsRefused() async throws {
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let error = await etcdError { try await client.maintenance.enableDowngrade(to: "") }
        #expect(error?.code == .invalidArgument)
        await client.shutdown()
    }
}
