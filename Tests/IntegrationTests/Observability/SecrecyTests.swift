// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Synchronization
import Testing

/// What a client says never has keys, values, user names, passwords or tokens in it.
@Suite(.hangLimit)
struct SecrecyTests {
    /// Marked, so that they are found wherever they turn up.
    private enum Secret {
        static let key = "secretkey"
        static let value = "secretvalue"
        static let user = "secretuser"
        static let password = "secretpassword"
        static let all = [key, value, user, password]
    }

    /// What was said by errors and pictures.
    private final class Sayings: Sendable {
        private let lines = Mutex<[String]>([])

        var all: [String] { self.lines.withLock { $0 } }

        func add(_ line: String) {
            self.lines.withLock { $0.append(line) }
        }

        /// Keeps what an error says, also to whoever looks into it.
        func failure<R>(_ body: () async throws -> R) async {
            do {
                _ = try await body()
                self.add("no failure")
            } catch {
                self.add("\(error)")
                self.add(String(reflecting: error))
                var dumped = ""
                dump(error, to: &dumped)
                self.add(dumped)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func nothingSecretIsSaid(_ version: EtcdVersion) async throws {
        let log = LogCapture()
        let sayings = Sayings()
        try await withEtcd(version, .init(rootPassword: "root")) { etcd in
            try await self.addUser(at: etcd)
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            var configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint(through: proxy)],
                credentials: .init(user: Secret.user, password: Secret.password)
            )
            configuration.logger = log.logger
            configuration.requestTimeout = .seconds(20)
            do {
                let client = try EtcdClient(configuration: configuration)
                try await self.work(client, sayings)
                try await self.fail(client, sayings)
                try await self.ride(client, sayings, through: proxy)
                sayings.add("\(await client.diagnostics())")
                let json = try JSONEncoder().encode(await client.diagnostics())
                sayings.add(String(decoding: json, as: UTF8.self))
                await client.shutdown()
                await sayings.failure { try await client.get(Secret.key) }
            }
            configuration.credentials = .init(
                user: Secret.user,
                password: Secret.password + "wrong"
            )
            let stranger = try EtcdClient(configuration: configuration)
            await sayings.failure { try await stranger.get(Secret.key) }
            await stranger.shutdown()
        }
        let logged = log.messages()
        #expect(logged.contains { $0.contains("connected") })
        #expect(logged.contains { $0.contains("connection lost") })
        #expect(sayings.all.count > 40)
        // Tokens are sixteen letters, a full stop and a number.
        let token = /[A-Za-z]{16}\.[0-9]+/
        for line in logged + sayings.all {
            for secret in Secret.all {
                #expect(!line.localizedCaseInsensitiveContains(secret), "\(line)")
            }
            #expect(line.firstMatch(of: token) == nil, "\(line)")
        }
    }

    private func addUser(at etcd: EtcdProcess) async throws {
        let root = EtcdClient.Configuration(
            endpoints: [etcd.endpoint],
            credentials: .init(user: "root", password: "root")
        )
        try await withEtcdClient(configuration: root) { client in
            try await client.auth.addUser(Secret.user, password: Secret.password)
            try await client.auth.addRole("all")
            try await client.auth.grant(.init(.readWrite, .prefix("secretkey")), to: "all")
            try await client.auth.grantRole("all", to: Secret.user)
        }
    }

    /// What goes well.
    private func work(_ client: EtcdClient, _ sayings: Sayings) async throws {
        let watch = try await client.watch(.prefix(EtcdBytes(Secret.key)))
        try await client.put(Secret.key, Secret.value)
        _ = try await client.get(Secret.key)
        _ = try await client.range(.prefix(EtcdBytes(Secret.key)))
        var batches = watch.makeAsyncIterator()
        _ = try await batches.next()
        _ = try await client.withLease(ttl: .seconds(10)) { lease in
            try await client.put("\(Secret.key)/leased", Secret.value, lease: lease.id)
        }
        _ = try await client.delete(Secret.key)
        watch.cancel()
    }

    /// What is refused.
    private func fail(_ client: EtcdClient, _ sayings: Sayings) async throws {
        let big = Secret.value + String(repeating: "x", count: 2 << 20)
        let key = EtcdBytes(Secret.key)
        await sayings.failure { try await client.put(Secret.key, big) }
        await sayings.failure { try await client.put("other/\(Secret.key)", Secret.value) }
        await sayings.failure { try await client.get("other/\(Secret.key)") }
        await sayings.failure { try await client.put("", Secret.value) }
        await sayings.failure {
            try await client.put(Secret.key, Secret.value, lease: EtcdLeaseID(42))
        }
        await sayings.failure {
            var options = EtcdPutOptions()
            options.keepValue = true
            return try await client.put("\(Secret.key)/no", "", options: options)
        }
        await sayings.failure {
            try await client.commit(
                EtcdTransaction(then: [.put(key, "1"), .put(key, Secret.value)])
            )
        }
        await sayings.failure {
            let watch = try await client.watch(.prefix(EtcdBytes("other/\(Secret.key)")))
            for try await _ in watch {}
        }
        await sayings.failure { try await client.auth.addUser(Secret.user, password: "x") }
        await sayings.failure { try await client.auth.user(Secret.user) }
        await sayings.failure { try await client.auth.grantRole("none", to: Secret.user) }
        await sayings.failure { try await client.auth.changePassword(of: "none", to: Secret.value) }
        await sayings.failure {
            try await client.election("other/\(Secret.key)", root: Secret.key).leader()
        }
        await sayings.failure {
            try EtcdClient(
                configuration: .init(endpoints: ["http://\(Secret.user):\(Secret.password)@a:1"])
            )
        }
    }

    /// What breaks.
    private func ride(
        _ client: EtcdClient,
        _ sayings: Sayings,
        through proxy: FaultProxy
    ) async throws {
        let watch = try await client.watch(.prefix(EtcdBytes(Secret.key)))
        let lease = try await client.openLeaseSession(ttl: .seconds(10))
        proxy.dropNextAnswer()
        await sayings.failure { try await client.put(Secret.key, Secret.value) }
        proxy.cut()
        // The first may be on its way when the connection ends, and its answer lost with that.
        await sayings.failure { try await client.put(Secret.key, Secret.value) }
        try await client.put("\(Secret.key)/again", Secret.value)
        var batches = watch.makeAsyncIterator()
        _ = try await batches.next()
        sayings.add("\(lease.state)")
        await lease.close()
        await sayings.failure {
            try await client.withRequestTimeout(.nanoseconds(1)).get(Secret.key)
        }
    }
}
