// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Authentication is enabled and disabled while clients are at work.
@Suite(.hangLimit)
struct SwitchingAuthTests {
    @Test(arguments: EtcdVersion.allCases)
    func enablingNeedsARootThatMayAdminister(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let auth = client.auth
            #expect(await etcdErrorCode { try await auth.enable() } == .rootUserMissing)
            try await auth.addUser("root", password: "right")
            #expect(await etcdErrorCode { try await auth.enable() } == .rootUserMissing)
            try await auth.addRole("root")
            try await auth.grantRole("root", to: "root")
            // Before it is enabled, disabling is no error.
            try await auth.disable()
            try await auth.enable()
            // This client is no user, and shut out.
            #expect(await etcdErrorCode { try await auth.disable() } == .unauthenticated)
            #expect(await etcdErrorCode { try await client.put("a", "1") } == .unauthenticated)

            let root = EtcdClient.Configuration(endpoints: [etcd.endpoint], credentials: .root)
            try await withEtcdClient(configuration: root) { root in
                try await root.auth.enable()
                // What would shut everybody out for good.
                let kept = [
                    await etcdErrorCode { try await root.auth.deleteUser("root") },
                    await etcdErrorCode { try await root.auth.deleteRole("root") },
                    await etcdErrorCode { try await root.auth.revokeRole("root", from: "root") },
                ]
                #expect(kept == Array(repeating: .invalidArgument, count: 3))
                try await root.auth.disable()
                try await root.auth.disable()
            }
            try await client.put("a", "1")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func callsWatchesAndLeasesGoOn(version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .root
            )
            try await withEtcdClient(configuration: configuration) { client in
                let auth = client.auth
                let session = try await client.openLeaseSession(ttl: .seconds(2))
                try await client.put("leased", "1", lease: session.id)
                let old = try await client.watch(.prefix("w/"))
                var events = old.makeAsyncIterator()
                try await auth.addRoot()

                for round in 1...2 {
                    try await auth.enable()
                    try await client.put("w/\(round)", "on")
                    #expect(try await client.get("w/\(round)")?.value == "on")
                    #expect(try await events.next()?.events.map(\.keyValue.value) == ["on"])
                    let new = try await client.watch(.key("w/\(round)"))
                    try await auth.disable()
                    try await client.put("w/\(round)", "off")
                    #expect(try await events.next()?.events.map(\.keyValue.value) == ["off"])
                    var newEvents = new.makeAsyncIterator()
                    #expect(try await newEvents.next()?.events.map(\.keyValue.value) == ["off"])
                }
                try await auth.enable()
                // Longer than the lease lives without renewals.
                try await Task.sleep(for: .seconds(4))
                #expect(try await client.get("leased")?.lease == session.id)
                await session.close()
                #expect(try await client.get("leased") == nil)
            }
        }
    }

    @Test func theStatusTellsAndCountsChanges() async throws {
        try await withEtcd(.v3_5) { etcd in
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .root
            )
            try await withEtcdClient(configuration: configuration) { client in
                let before = try await client.auth.status()
                #expect(!before.isEnabled)
                try await client.auth.addRoot()
                try await client.auth.enable()
                let after = try await client.auth.status()
                #expect(after.isEnabled)
                #expect(after.revision > before.revision)
            }
        }
    }

    @Test func theStatusNeedsANewerServer() async throws {
        try await withEtcdAndClient(.v3_4) { _, client in
            let error = await #expect(throws: EtcdError.self) {
                try await client.auth.status()
            }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("3.5") == true)
        }
    }
}
