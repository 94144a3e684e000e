// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import InMemoryTracing
import MetricsTestKit
import ServiceLifecycle
import Testing

/// Runs the examples of the article that need traits.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ExampleTests {
    @Test func observability() async throws {
        let metrics = TestMetrics()
        let tracer = InMemoryTracer()
        try await EtcdServer.run { server in
            let client = try observedClient(
                endpoints: [server.endpoint],
                metrics: metrics,
                tracer: tracer
            )
            let job = ClosureService { try await client.put("a", "1") }
            // The group ends because one of its services does.
            await #expect(throws: ServiceGroupError.self) {
                try await runServices([job], using: client)
            }
            #expect(await client.diagnostics().isShutDown)
        }
        #expect(metrics.counterTotal(label: "etcd.client.calls") == 1)
        #expect(tracer.finishedSpans.map(\.operationName) == ["etcdserverpb.KV/Put"])
    }

    /// What ends when its work is done.
    private struct ClosureService: Service {
        let work: @Sendable () async throws -> Void

        func run() async throws {
            try await self.work()
        }
    }
}
