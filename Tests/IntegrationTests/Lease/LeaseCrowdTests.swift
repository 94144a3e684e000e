// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Many leases of one client, and what becomes of one when others end.
@Suite(.hangLimit)
struct LeaseCrowdTests {
    @Test(arguments: EtcdVersion.allCases)
    func leasesThatEndUnderTheirRenewalsDoNotEndOthers(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let healthy = try await client.openLeaseSession(ttl: .seconds(5))
            try await client.put("healthy", "1", lease: healthy.id)
            let others = try await withThrowingTaskGroup(of: EtcdLeaseSession.self) { group in
                for _ in 1...200 {
                    group.addTask { try await client.openLeaseSession(ttl: .seconds(5)) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Half are revoked by somebody else, in one rush; the others expire while the server
            // stands still, together with the healthy one if that is not renewed in time.
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { other in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for session in others.prefix(100) {
                        group.addTask { try await other.revokeLease(session.id) }
                    }
                    try await group.waitForAll()
                }
            }
            for session in others.suffix(100) { session.abandon() }
            let before = healthy.deadline
            try await eventually { others.prefix(100).allSatisfy { $0.state == .lost(.revoked) } }
            // Three more rounds of renewal, while the abandoned ones expire.
            try await eventually { healthy.deadline > before + .seconds(5) }
            try await eventually { try await client.leases() == [healthy.id] }
            #expect(try await client.get("healthy")?.lease == healthy.id)
            await healthy.close()
        }
    }
}
