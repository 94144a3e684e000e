// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import InMemoryTracing
import Testing
import Tracing

@Suite(.serialized, .timeLimit(.minutes(5)))
struct TracingTests {
    private static let secret = "marked-as-secret"

    private func configuration(
        _ server: EtcdServer,
        _ tracer: InMemoryTracer
    ) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(endpoints: [server.endpoint])
        configuration.requestTimeout = .seconds(30)
        configuration.tracer = tracer
        return configuration
    }

    @Test func callsAreSpansBeneathTheCallers() async throws {
        let tracer = InMemoryTracer(recordInjections: true)
        let port = try await EtcdServer.run { server in
            try await withEtcdClient(configuration: self.configuration(server, tracer)) { client in
                try await tracer.withSpan("work") { _ in
                    _ = try await client.put("\(Self.secret)", "\(Self.secret)")
                }
                _ = try? await client.revokeLease(EtcdLeaseID(42))
            }
            return server.endpoint.split(separator: ":").last.flatMap { Int($0) }
        }
        let spans = tracer.finishedSpans
        let work = try #require(spans.first { $0.operationName == "work" })
        let put = try #require(spans.first { $0.operationName == "etcdserverpb.KV/Put" })
        #expect(put.parentSpanID == work.spanID)
        #expect(put.kind == .client)
        #expect(put.status == nil)
        #expect(put.attributes["rpc.system"]?.toSpanAttribute() == "grpc")
        #expect(put.attributes["rpc.service"]?.toSpanAttribute() == "etcdserverpb.KV")
        #expect(put.attributes["rpc.method"]?.toSpanAttribute() == "Put")
        #expect(put.attributes["rpc.grpc.status_code"]?.toSpanAttribute() == 0)
        #expect(put.attributes["server.address"]?.toSpanAttribute() == "127.0.0.1")
        #expect(put.attributes["server.port"]?.toSpanAttribute() == .int64(Int64(port ?? 0)))
        let revoke = try #require(
            spans.first { $0.operationName == "etcdserverpb.Lease/LeaseRevoke" }
        )
        #expect(revoke.status?.code == .error)
        #expect(revoke.attributes["error.type"]?.toSpanAttribute() == "leaseNotFound")
        #expect(revoke.attributes["rpc.grpc.status_code"]?.toSpanAttribute() == 5)
        let injected = tracer.performedContextInjections.map { $0.values[InMemoryTracer.spanIDKey] }
        #expect(injected.contains(put.spanID))
        #expect(!"\(spans)".contains(Self.secret))
        #expect(tracer.activeSpans.isEmpty)
    }

    @Test func retriesAreEventsOfTheSpan() async throws {
        let tracer = InMemoryTracer()
        try await EtcdServer.run { server in
            try await withEtcdClient(configuration: self.configuration(server, tracer)) { client in
                try await client.put("a", "1")
                server.freeze()
                async let answer = client.get("a")
                try await Task.sleep(for: .milliseconds(200))
                server.kill()
                try server.start()
                _ = try await answer
            }
        }
        let read = try #require(
            tracer.finishedSpans.first { $0.operationName == "etcdserverpb.KV/Range" }
        )
        #expect(read.events.contains { $0.name == "retry" })
        #expect(read.status == nil)
        #expect(read.attributes["rpc.grpc.status_code"]?.toSpanAttribute() == 0)
    }

    @Test func cancelledCallsEndTheirSpans() async throws {
        let tracer = InMemoryTracer()
        try await EtcdServer.run { server in
            try await withEtcdClient(configuration: self.configuration(server, tracer)) { client in
                try await client.put("a", "1")
                server.freeze()
                let call = Task { try await client.get("a") }
                try await Task.sleep(for: .milliseconds(200))
                call.cancel()
                _ = await call.result
            }
        }
        let read = try #require(
            tracer.finishedSpans.first { $0.operationName == "etcdserverpb.KV/Range" }
        )
        #expect(read.attributes["error.type"]?.toSpanAttribute() == "cancelled")
        #expect(read.attributes["rpc.grpc.status_code"]?.toSpanAttribute() == 1)
    }
}
