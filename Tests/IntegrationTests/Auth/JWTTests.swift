// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Synchronization
import Testing

/// Servers whose tokens are JSON web tokens: they end at a fixed time, and with every change of users
/// and roles.
@Suite(.hangLimit)
struct JWTTests {
    private let folder: TemporaryDirectory

    init() throws {
        self.folder = try TemporaryDirectory("jwt")
    }

    @Test(arguments: EtcdVersion.allCases)
    func everythingOutlivesTheTokensOfAPassword(version: EtcdVersion) async throws {
        let signer = try JWTSigner(in: self.folder.path)
        let options = EtcdProcess.Options(arguments: signer.serverArguments(ttl: .seconds(2)))
        try await withAuthFixture(version, options) { fixture in
            try await fixture.withClient("app") { client in
                let session = try await client.openLeaseSession(ttl: .seconds(3))
                try await client.put("app/leased", "1", lease: session.id)
                let before = await fixture.etcd.authentications
                try await withNumberedWrites(
                    to: "shared/n",
                    by: fixture.root,
                    seenBy: client
                ) {
                    for round in 0..<7 {
                        // Calls and new watches, together and with tokens of every age.
                        let watch = try await client.watch(.key("app/\(round)"))
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for worker in 0..<8 {
                                group.addTask {
                                    try await client.put("app/w\(worker)", "\(round)")
                                }
                            }
                            try await group.waitForAll()
                        }
                        try await client.put("app/\(round)", "x")
                        var events = watch.makeAsyncIterator()
                        #expect(try await events.next()?.events.count == 1)
                        try await Task.sleep(for: .seconds(1))
                    }
                }
                #expect(try await client.get("app/leased")?.lease == session.id)
                // Two clients, a token of two seconds each; one that ages on a stream may cost more.
                #expect(await fixture.etcd.authentications - before < 30)
                await session.close()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases, JWTSigner.Method.allCases)
    func aTokenMadeElsewhereServesUntilTheServerRefusesIt(
        version: EtcdVersion,
        method: JWTSigner.Method
    ) async throws {
        let signer = try JWTSigner(method, in: self.folder.path)
        let options = EtcdProcess.Options(arguments: signer.serverArguments(ttl: .seconds(300)))
        try await withAuthFixture(version, options) { fixture in
            // Newer than anything there will be.
            func token(_ life: Duration, revision: UInt64 = 1_000_000) throws -> String {
                try signer.token(user: "app", revision: revision, life: life)
            }
            let configuration = try fixture.configuration(.token(token(.seconds(3))))
            try await withEtcdClient(configuration: configuration) { client in
                try await withNumberedWrites(
                    to: "shared/n",
                    by: fixture.root,
                    seenBy: client
                ) {
                    try await client.put("app/a", "1")
                    let foreign = await etcdErrorCode { try await client.put("other", "1") }
                    #expect(foreign == .permissionDenied)
                    try await Task.sleep(for: .seconds(5))
                    // Nobody can get another one, so nothing is gained by waiting.
                    let start = ContinuousClock.now
                    let expired = await etcdErrorCode { try await client.put("app/a", "2") }
                    #expect(expired == .unauthenticated)
                    #expect(ContinuousClock.now - start < .seconds(8))

                    try client.updateCredentials(.token(token(.seconds(300))))
                    try await client.put("app/a", "3")
                }
                // One made before users were changed the last time is refused, too.
                try client.updateCredentials(.token(token(.seconds(300), revision: 1)))
                let old = await etcdErrorCode { try await client.put("app/a", "4") }
                #expect(old == .unauthenticated)
                #expect(throws: EtcdError.self) { try client.updateCredentials(.token("")) }
                try client.updateCredentials(.token(token(.seconds(300))))
                try await client.put("app/a", "5")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aClosureIsAskedForATokenWhenOneIsNeededAndNotMoreOften(
        version: EtcdVersion
    ) async throws {
        let signer = try JWTSigner(in: self.folder.path)
        let options = EtcdProcess.Options(arguments: signer.serverArguments(ttl: .seconds(300)))
        try await withAuthFixture(version, options) { fixture in
            let asked = Mutex(0)
            let fails = Mutex(false)
            let credentials = EtcdClient.Credentials.tokens {
                asked.withLock { $0 += 1 }
                if fails.withLock({ $0 }) { throw TestFailure() }
                return try signer.token(user: "app", revision: 1_000_000, life: .seconds(2))
            }
            let configuration = fixture.configuration(credentials)
            try await withEtcdClient(configuration: configuration) { client in
                try await withNumberedWrites(
                    to: "shared/n",
                    by: fixture.root,
                    seenBy: client
                ) {
                    for _ in 0..<4 {
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            for worker in 0..<20 {
                                group.addTask { try await client.put("app/\(worker)", "1") }
                            }
                            try await group.waitForAll()
                        }
                        try await Task.sleep(for: .milliseconds(1500))
                    }
                    #expect((2...6).contains(asked.withLock { $0 }))

                    fails.withLock { $0 = true }
                    try await Task.sleep(for: .seconds(3))
                    let error = await #expect(throws: EtcdError.self) {
                        try await client.put("app/a", "1")
                    }
                    #expect(error?.code == .authenticationFailed)
                    #expect(error?.cause is TestFailure)
                    fails.withLock { $0 = false }
                    try await eventually {
                        await etcdErrorCode { try await client.put("app/a", "1") } == nil
                    }
                }
                // None was taken from the server's own supply.
                #expect(await fixture.etcd.authentications < 5)
            }
        }
    }

    private struct TestFailure: Error {}
}
