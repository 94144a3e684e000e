// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Users, passwords and roles change while clients are at work.
@Suite(.hangLimit)
struct CredentialChangeTests {
    @Test(arguments: EtcdVersion.allCases)
    func aClientBecomesAnotherUserAndGoesOn(version: EtcdVersion) async throws {
        try await withAuthFixture(version, users: ["anna", "berta"]) { fixture in
            try await fixture.withClient("anna") { client in
                let session = try await client.openLeaseSession(ttl: .seconds(3))
                try await client.put("anna/leased", "1", lease: session.id)
                try await withNumberedWrites(
                    to: "shared/n",
                    by: fixture.root,
                    seenBy: client
                ) {
                    for user in ["berta", "anna", "berta"] {
                        try client.updateCredentials(.init(user: user, password: "right"))
                        try await client.put("\(user)/a", "1")
                        let other = user == "anna" ? "berta" : "anna"
                        let denied = await etcdErrorCode { try await client.put("\(other)/a", "1") }
                        #expect(denied == .permissionDenied)
                        // The stream is the new user's.
                        _ = try await client.watch(.key("\(user)/a"))
                        try await Task.sleep(for: .milliseconds(1500))
                    }
                    // The streams do not depend on who the client was before.
                    try await fixture.root.auth.deleteUser("anna")
                    _ = try await client.watch(.key("berta/b"))
                    // Longer than the lease lives without renewals.
                    try await Task.sleep(for: .seconds(4))
                }
                #expect(try await fixture.root.get("anna/leased")?.lease == session.id)
                await session.close()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aPasswordChangedBySomebodyElseIsToldAtOnceAndSparesTheServer(
        version: EtcdVersion
    ) async throws {
        try await withAuthFixture(version) { fixture in
            try await fixture.withClient("app") { client in
                try await client.put("app/a", "1")
                try await fixture.root.auth.changePassword(of: "app", to: "new")
                // Simple tokens end with the password they were given for.
                try await eventually {
                    await etcdErrorCode { try await client.put("app/a", "2") }
                        == .authenticationFailed
                }
                let before = await fixture.etcd.authentications
                let start = ContinuousClock.now
                var refusals = 0
                while ContinuousClock.now - start < .seconds(3) {
                    let codes = await withTaskGroup(of: EtcdError.Code?.self) { group in
                        for _ in 0..<50 {
                            group.addTask {
                                await etcdErrorCode { try await client.put("app/a", "2") }
                            }
                        }
                        return await group.reduce(into: Set()) { $0.insert($1) }
                    }
                    #expect(codes == [.authenticationFailed])
                    refusals += 50
                    try await Task.sleep(for: .milliseconds(1))
                }
                // 100 ms, 200 ms and so on, half of it at least.
                let asked = await fixture.etcd.authentications - before
                #expect(asked <= 8, "\(refusals) calls were refused")

                try client.updateCredentials(.init(user: "app", password: "new"))
                try await client.put("app/a", "3")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aUserDeletedAndMadeAgainGoesOnWithOpenWatches(version: EtcdVersion) async throws {
        try await withAuthFixture(version) { fixture in
            try await fixture.withClient("app") { client in
                try await withNumberedWrites(
                    to: "shared/n",
                    by: fixture.root,
                    seenBy: client
                ) {
                    try await client.put("app/a", "1")
                    try await fixture.root.auth.deleteUser("app")
                    let code = await etcdErrorCode { try await client.put("app/a", "2") }
                    #expect(code == .authenticationFailed)
                    try await fixture.root.auth.addUser("app", password: "right")
                    try await fixture.root.auth.grantRole("app", to: "app")
                    try await eventually {
                        await etcdErrorCode { try await client.put("app/a", "3") } == nil
                    }
                    _ = try await client.watch(.key("app/a"))
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aHundredChangesUnderLoadSurfaceNoErrorAndCostNoTokens(
        version: EtcdVersion
    ) async throws {
        try await withAuthFixture(version) { fixture in
            try await fixture.withClient("app") { client in
                try await client.put("app/a", "1")
                let before = await fixture.etcd.authentications
                try await self.changeRoles(100, fixture, under: client)
                let asked = await fixture.etcd.authentications - before
                #expect(asked == 0)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aHundredChangesUnderLoadCostFewWebTokens(version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("jwt")
        let signer = try JWTSigner(in: folder.path)
        let options = EtcdProcess.Options(arguments: signer.serverArguments(ttl: .seconds(300)))
        try await withAuthFixture(version, options) { fixture in
            try await fixture.withClient("app") { client in
                try await client.put("app/a", "1")
                let before = await fixture.etcd.authentications
                try await self.changeRoles(100, fixture, under: client)
                // Each change makes all tokens void, root's own as well: one for each at most, and
                // the one that is under way when the next change comes.
                let asked = await fixture.etcd.authentications - before
                #expect(asked < 300)
            }
        }
    }

    /// Changes roles one after the other while the client reads, writes and watches.
    private func changeRoles(
        _ count: Int,
        _ fixture: AuthFixture,
        under client: EtcdClient
    ) async throws {
        try await withNumberedWrites(to: "shared/n", by: client, seenBy: client) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<4 {
                    group.addTask {
                        while !Task.isCancelled {
                            do {
                                try await client.put("app/\(worker)", "x")
                                _ = try await client.get("app/\(worker)")
                            } catch is CancellationError {
                                return
                            }
                        }
                    }
                }
                for index in 0..<count / 2 {
                    try await fixture.root.auth.addRole("role\(index)")
                    try await fixture.root.auth.deleteRole("role\(index)")
                }
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }
}
