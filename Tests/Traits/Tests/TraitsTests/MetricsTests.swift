// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import EtcdKit
import MetricsTestKit
import Testing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct MetricsTests {
    private static let put = [("method", "etcdserverpb.KV/Put"), ("outcome", "ok")]
    private static let secret = "marked-as-secret"

    private func configuration(
        _ server: EtcdServer,
        _ metrics: TestMetrics
    ) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(endpoints: [server.endpoint])
        configuration.metricsFactory = metrics
        return configuration
    }

    @Test func callsAreCountedByMethodAndOutcome() async throws {
        let metrics = TestMetrics()
        try await EtcdServer.run { server in
            try await withEtcdClient(configuration: self.configuration(server, metrics)) { client in
                try await client.put("\(Self.secret)", "\(Self.secret)")
                try await client.put("b", "2")
                _ = try? await client.revokeLease(EtcdLeaseID(42))
            }
        }
        #expect(try metrics.expectCounter("etcd.client.calls", Self.put).totalValue == 2)
        let refused = [("method", "etcdserverpb.Lease/LeaseRevoke"), ("outcome", "leaseNotFound")]
        #expect(try metrics.expectCounter("etcd.client.calls", refused).totalValue == 1)
        let timed = [("method", "etcdserverpb.KV/Put"), ("result", "ok")]
        let durations = try metrics.expectTimer("etcd.client.call.duration", timed).values
        #expect(durations.count == 2)
        #expect(durations.allSatisfy { $0 > 0 && $0 < 60_000_000_000 })
        let labels = metrics.counters.flatMap(\.dimensions) + metrics.timers.flatMap(\.dimensions)
        #expect(!labels.contains { $0.1.contains(Self.secret) })
    }

    @Test func connectionsWatchesAndLeasesAreCountedUpAndDown() async throws {
        let metrics = TestMetrics()
        try await EtcdServer.run { server in
            let calls = [("endpoint", server.endpoint), ("role", "unary")]
            try await withEtcdClient(configuration: self.configuration(server, metrics)) { client in
                let watch = try await client.watch(.prefix("a"))
                let session = try await client.openLeaseSession(ttl: .seconds(3))
                try await client.put("a1", "1")
                var batches = watch.makeAsyncIterator()
                _ = try await batches.next()
                #expect(try metrics.expectMeter("etcd.client.watches").lastValue == 1)
                #expect(try metrics.expectMeter("etcd.client.leases").lastValue == 1)
                #expect(try metrics.expectMeter("etcd.client.connections", calls).lastValue == 1)
                #expect(try metrics.expectTimer("etcd.client.watch.lag").values.count == 1)
                let wasRenewed = try await eventually {
                    try !metrics.expectTimer("etcd.client.lease.slack").values.isEmpty
                }
                #expect(wasRenewed)
                #expect(
                    try metrics.expectTimer("etcd.client.lease.slack").values.allSatisfy {
                        $0 > 0 && $0 < 3_000_000_000
                    }
                )
                await session.close()
            }
            let isEmpty = try await eventually {
                try metrics.expectMeter("etcd.client.watches").lastValue == 0
                    && metrics.expectMeter("etcd.client.leases").lastValue == 0
                    && metrics.expectMeter("etcd.client.connections", calls).lastValue == 0
            }
            #expect(isEmpty)
        }
    }

    @Test func slowConsumersAreCounted() async throws {
        let metrics = TestMetrics()
        try await EtcdServer.run { server in
            try await withEtcdClient(configuration: self.configuration(server, metrics)) { client in
                var options = EtcdWatchOptions()
                options.bufferLimit = 1
                let watch = try await client.watch(.prefix("a"), options: options)
                for number in 0..<5 { try await client.put("a\(number)", "1") }
                let isSuspended = try await eventually {
                    try metrics.expectMeter("etcd.client.watches.suspended").lastValue == 1
                }
                #expect(isSuspended)
                var seen = 0
                for try await batch in watch {
                    seen += batch.events.count
                    if seen == 5 { break }
                }
                let goesOn = try await eventually {
                    try metrics.expectMeter("etcd.client.watches.suspended").lastValue == 0
                }
                #expect(goesOn)
            }
        }
    }

    @Test func lossesRetriesAndReconnectionsAreCounted() async throws {
        let metrics = TestMetrics()
        try await EtcdServer.run { server in
            var configuration = self.configuration(server, metrics)
            configuration.requestTimeout = .seconds(30)
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                let watch = try await client.watch(.prefix("a"))
                server.freeze()
                async let answer = client.get("a")
                async let write: Void = Self.ambiguousPut(client)
                try await Task.sleep(for: .milliseconds(200))
                server.kill()
                try server.start()
                #expect(try await answer?.value == "1")
                await write
                var batches = watch.makeAsyncIterator()
                try await client.put("a", "2")
                _ = try await batches.next()
            }
            let read = [("method", "etcdserverpb.KV/Range")]
            let wrote = [("method", "etcdserverpb.KV/Put")]
            let endpoint = [("endpoint", server.endpoint)]
            #expect(try metrics.expectCounter("etcd.client.call.retries", read).totalValue >= 1)
            #expect(
                try metrics.expectCounter("etcd.client.writes.ambiguous", wrote).totalValue == 1
            )
            #expect(
                try metrics.expectCounter("etcd.client.reconnections", endpoint).totalValue >= 1
            )
            #expect(
                try metrics.expectCounter("etcd.client.connections.lost", endpoint).totalValue >= 1
            )
            #expect(try metrics.expectCounter("etcd.client.watch.resumptions").totalValue >= 1)
        }
    }

    /// A write whose server ends before it answers.
    private static func ambiguousPut(_ client: EtcdClient) async {
        await #expect {
            try await client.put("b", "1")
        } throws: { error in
            (error as? EtcdError)?.code == .ambiguous
        }
    }
}
