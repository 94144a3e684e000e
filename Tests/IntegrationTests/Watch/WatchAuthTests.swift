// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Watches and lease sessions of a user whose rights are limited and whose tokens expire.
@Suite(.hangLimit)
struct WatchAuthTests {
    /// A server with authentication on, and a user who may read and write `mine/`.
    private static func withUser<Result>(
        _ version: EtcdVersion,
        tokenTTL: Duration? = nil,
        _ body: (EtcdProcess, EtcdClient) async throws -> Result
    ) async throws -> Result {
        try await withEtcd(version, .init(authTokenTTL: tokenTTL)) { etcd in
            try await etcd.etcdctl("user", "add", "root:secret")
            try await etcd.etcdctl("user", "grant-role", "root", "root")
            try await etcd.etcdctl("user", "add", "unit:word")
            try await etcd.etcdctl("role", "add", "mine")
            try await etcd.etcdctl(
                "role",
                "grant-permission",
                "mine",
                "readwrite",
                "mine/",
                "mine0"
            )
            try await etcd.etcdctl("user", "grant-role", "unit", "mine")
            try await etcd.etcdctl("auth", "enable")
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .init(user: "unit", password: "word")
            )
            return try await withEtcdClient(configuration: configuration) { client in
                try await body(etcd, client)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aRefusedWatchDoesNotTouchTheOthers(_ version: EtcdVersion) async throws {
        try await Self.withUser(version) { _, client in
            let first = try await client.watch(.prefix("mine/"))
            for _ in 1...3 {
                let error = await #expect(throws: EtcdError.self) {
                    try await client.watch(.prefix("others/"))
                }
                #expect(error?.code == .permissionDenied)
            }
            let second = try await client.watch(.prefix("mine/"))
            try await client.put("mine/a", "1")
            #expect(try await first.events(1).count == 1)
            #expect(try await second.events(1).count == 1)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func anExpiredTokenIsReplaced(_ version: EtcdVersion) async throws {
        try await Self.withUser(version, tokenTTL: .seconds(3)) { etcd, client in
            // The token is old before the stream is opened with it.
            let session = try await client.openLeaseSession(ttl: .seconds(30))
            try await Task.sleep(for: .seconds(7))
            let first = try await client.watch(.prefix("mine/"))
            try await Task.sleep(for: .seconds(7))
            // Checked against the token of the stream, which is not valid any more.
            let second = try await client.watch(.prefix("mine/"))
            try await client.put("mine/a", "1", lease: session.id)
            #expect(try await first.events(1).count == 1)
            #expect(try await second.events(1).count == 1)
            try await etcd.etcdctl("--user", "root:secret", "user", "add", "other:word")
            let third = try await client.watch(.prefix("mine/"))
            await session.close()
            #expect(try await third.events(1).map(\.kind) == [.delete])
            #expect(try await first.events(1).map(\.kind) == [.delete])
        }
    }
}
