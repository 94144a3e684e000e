// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What members say of themselves by gRPC's health service.
@Suite(.hangLimit)
struct ServingStatusTests {
    @Test(arguments: EtcdVersion.allCases)
    func aMemberThatTakesCallsSaysSo(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let current = try await client.maintenance.servingStatus()
            let named = try await client.maintenance.servingStatus(at: etcd.endpoint)
            #expect(current == .serving && named == .serving)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func itIsAskedWithoutAUser(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            try await etcd.etcdctl("user", "add", "root:secret")
            try await etcd.etcdctl("user", "grant-role", "root", "root")
            try await etcd.etcdctl("auth", "enable")
            let refusal = await etcdError { _ = try await client.get("a") }
            #expect(refusal?.code == .unauthenticated)
            #expect(try await client.maintenance.servingStatus() == .serving)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theStatusIsFollowedUntilTheMemberIsGone(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let statuses = try await client.maintenance.servingStatuses()
            var iterator = statuses.makeAsyncIterator()
            #expect(try await iterator.next() == .serving)
            await etcd.kill()
            let error = await etcdError {
                while try await iterator.next() != nil {}
            }
            #expect(error?.endpoint == etcd.endpoint)
            #expect(error?.code == .unavailable)
        }
    }

    @Test
    func followingEndsWhenTheTaskIsCancelled() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            let statuses = try await client.maintenance.servingStatuses()
            let following = Task {
                for try await status in statuses { #expect(status == .serving) }
            }
            following.cancel()
            await #expect(throws: CancellationError.self) { try await following.value }
        }
    }
}
