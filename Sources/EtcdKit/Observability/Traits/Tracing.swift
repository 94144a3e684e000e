// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#if Tracing
import EtcdTransport
import Instrumentation
public import Tracing

extension EtcdClient.Configuration {
    /// Who traces the client's calls.
    ///
    /// Default: nil, the tracer that `InstrumentationSystem` has when the client is made; bootstrap
    /// it before. Needs the package's trait `Tracing`. Each call is a span of kind `client`, named
    /// like `etcdserverpb.KV/Range`, with the attributes of OpenTelemetry's conventions for RPC;
    /// see <doc:Observability>. Watches and lease renewals over a stream have none.
    public var tracer: (any Tracer)? {
        get { self.observation.tracer }
        set { self.observation.tracer = newValue }
    }
}

/// Turns calls into spans.
enum CallTracing {
    /// What begins the spans of a client; nil if nobody traces.
    static func make(
        _ configuration: EtcdClient.Configuration
    ) -> (@Sendable (GRPCMethod) -> CallSpan)? {
        let tracer = configuration.tracer ?? InstrumentationSystem.tracer
        guard !(tracer is NoOpTracer) else { return nil }
        return { self.start($0, tracer) }
    }

    private static func start(_ method: GRPCMethod, _ tracer: any Tracer) -> CallSpan {
        let span = tracer.startAnySpan("\(method.service)/\(method.name)", ofKind: .client)
        span.attributes["rpc.system"] = "grpc"
        span.attributes["rpc.service"] = method.service
        span.attributes["rpc.method"] = method.name
        var carrier = HeaderCarrier()
        tracer.inject(span.context, into: &carrier, using: HeaderInjector())
        return CallSpan(
            headers: carrier.headers,
            attempted: { endpoint in
                span.attributes["server.address"] = endpoint.host
                span.attributes["server.port"] = Int(endpoint.port)
            },
            retried: { error in
                span.addEvent(
                    SpanEvent(
                        name: "retry",
                        attributes: [
                            "error.type": "\(error.code)",
                            "exception.message": "\(error)",
                        ]
                    )
                )
            },
            ended: { status, outcome, error in
                if let status { span.attributes["rpc.grpc.status_code"] = status }
                if let error {
                    span.attributes["error.type"] = outcome
                    span.setStatus(SpanStatus(code: .error, message: "\(error)"))
                }
                span.end()
            }
        )
    }

    /// The headers that a tracer wants to send along.
    private struct HeaderCarrier: Sendable {
        var headers: [(name: String, value: String)] = []
    }

    private struct HeaderInjector: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout HeaderCarrier) {
            // HTTP/2 wants lower case, and etcd's own headers are not a tracer's to set.
            let name = key.lowercased()
            guard GRPCMetadata.isCustom(name, value), !["token", "hasleader"].contains(name) else {
                return
            }
            carrier.headers.append((name, value))
        }
    }
}
#endif
