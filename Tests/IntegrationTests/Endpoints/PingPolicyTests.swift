// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@testable import EtcdKit

/// What a default server thinks of the client's PINGs, in plain text, where it counts them.
@Suite(.hangLimit)
struct PingPolicyTests {
    private func goAways(_ log: LogCapture) -> [String] {
        log.messages().filter { $0.contains("GOAWAY") }
    }

    @Test(arguments: EtcdVersion.allCases)
    func neitherIdlenessNorStallsBringTooManyPings(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let log = LogCapture()
            var configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            configuration.logger = log.logger
            try await withEtcdClient(configuration: configuration) { client in
                // Open, and silent.
                let watch = try await client.watch(.key("a"))
                try await client.put("b", "1")
                let end = ContinuousClock.now + .seconds(45)
                while ContinuousClock.now < end {
                    // Long enough for a PING, and too short to be left.
                    proxy.blackHole(.toClient)
                    async let found = client.get("b")
                    try await Task.sleep(for: .milliseconds(700))
                    proxy.heal()
                    #expect(try await found?.value == "1")
                    try await Task.sleep(for: .milliseconds(800))
                }
                #expect(self.goAways(log) == [])
                try await client.put("a", "1")
                #expect(try await watch.events(1).map(\.keyValue.value) == ["1"])
            }
        }
    }

    @Test
    func aServerThatFindsThemTooManyGetsFewer() async throws {
        try await withEtcd(.v3_5) { etcd in
            let log = LogCapture()
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            configuration.logger = log.logger
            configuration.keepAliveInterval = .milliseconds(1500)
            try await withEtcdClient(configuration: configuration) { client in
                // A stream without watches: they would ask for more than PINGs.
                async let held: Void = self.holdStream(of: client, until: .now + .seconds(90))
                // Refused at 1.5 s and 3 s, and never at 6 s, which is more than etcd's 5 s.
                try await Task.sleep(for: .seconds(60))
                #expect(!self.goAways(log).isEmpty)
                let before = self.goAways(log).count
                try await Task.sleep(for: .seconds(30))
                #expect(self.goAways(log).count == before)
                try await client.put("a", "1")
                try await held
            }
        }
    }

    /// Keeps a stream open on which nothing is said, on one connection after the other.
    private func holdStream(
        of client: EtcdClient,
        until end: ContinuousClock.Instant
    ) async throws {
        while ContinuousClock.now < end {
            let (events, sink) = AsyncStream.makeStream(of: Void.self)
            let stream = try await client.core.openStream(.watch, deadline: end) { event in
                if case .closed = event { sink.finish() }
            }
            let timer = Task {
                try await Task.sleep(until: end, clock: .continuous)
                sink.finish()
            }
            for await _ in events {}
            timer.cancel()
            stream.stream.cancel()
        }
    }
}
