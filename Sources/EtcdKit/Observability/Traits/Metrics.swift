// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

#if Metrics
public import CoreMetrics
import EtcdTransport
import Synchronization

extension EtcdClient.Configuration {
    /// Where metrics go.
    ///
    /// Default: nil, the factory that `MetricsSystem` has when the client is made; bootstrap it
    /// before. Needs the package's trait `Metrics`. The names are listed in <doc:Observability>;
    /// labels are methods, outcomes, endpoints and the like, never keys.
    public var metricsFactory: (any MetricsFactory)? {
        get { self.observation.metricsFactory }
        set { self.observation.metricsFactory = newValue }
    }
}

/// Turns what happens to a client into metrics.
///
/// Metrics are made when they are first needed and kept: their number is bounded by the methods,
/// the error codes and the endpoints.
final class MetricsRecorder: Sendable {
    /// What is measured of one method.
    private struct MethodMetrics {
        let label: (String, String)
        let succeeded: Timer
        let failed: Timer
        let retries: Counter
        let ambiguous: Counter
        var calls: [String: Counter] = [:]
    }

    private struct EndpointMetrics {
        let reconnections: Counter
        let failures: Counter
        let losses: Counter
        var connections: [ConnectionRole: Meter] = [:]
    }

    private struct State {
        var methods: [ObjectIdentifier: MethodMetrics] = [:]
        var endpoints: [String: EndpointMetrics] = [:]
        var lostLeases: [String: Counter] = [:]
    }

    private let factory: any MetricsFactory
    private let state = Mutex(State())
    private let watches: Meter
    private let suspendedWatches: Meter
    private let watchResumptions: Counter
    private let watchLag: Timer
    private let leases: Meter
    private let leaseSlack: Timer

    private init(_ factory: any MetricsFactory) {
        self.factory = factory
        self.watches = Meter(label: "etcd.client.watches", factory: factory)
        self.suspendedWatches = Meter(label: "etcd.client.watches.suspended", factory: factory)
        self.watchResumptions = Counter(label: "etcd.client.watch.resumptions", factory: factory)
        self.watchLag = Timer(label: "etcd.client.watch.lag", factory: factory)
        self.leases = Meter(label: "etcd.client.leases", factory: factory)
        self.leaseSlack = Timer(label: "etcd.client.lease.slack", factory: factory)
    }

    /// What records for a client; nil if nobody wants metrics.
    static func make(
        _ configuration: EtcdClient.Configuration
    ) -> (@Sendable (ClientEvent) -> Void)? {
        let factory = configuration.metricsFactory ?? MetricsSystem.factory
        guard !(factory is NOOPMetricsHandler) else { return nil }
        let recorder = MetricsRecorder(factory)
        return { recorder.record($0) }
    }

    private func record(_ event: ClientEvent) {
        switch event {
        case .call(let method, let outcome, let duration, let retries):
            self.recordCall(of: method, outcome, duration, retries)
        case .connectionOpened(let endpoint, let role, let isReconnection):
            self.withEndpoint(endpoint) { metrics in
                self.connections(to: endpoint, role, &metrics).increment()
                if isReconnection { metrics.reconnections.increment() }
            }
        case .connectionFailed(let endpoint):
            self.withEndpoint(endpoint) { $0.failures.increment() }
        case .connectionEnded(let endpoint, let role, let wasLost):
            self.withEndpoint(endpoint) { metrics in
                self.connections(to: endpoint, role, &metrics).decrement()
                if wasLost { metrics.losses.increment() }
            }
        case .watches(let change):
            self.watches.change(by: change)
        case .suspendedWatches(let change):
            self.suspendedWatches.change(by: change)
        case .watchResumed:
            self.watchResumptions.increment()
        case .watchBatchTaken(let lag):
            self.watchLag.recordNanoseconds(lag.nanoseconds)
        case .leases(let change):
            self.leases.change(by: change)
        case .leaseRenewed(let slack):
            self.leaseSlack.recordNanoseconds(slack.nanoseconds)
        case .leaseLost(let reason):
            self.lostLeases(reason).increment()
        }
    }
}

// MARK: - Metrics with labels

extension MetricsRecorder {
    private func recordCall(
        of method: GRPCMethod,
        _ outcome: String,
        _ duration: Duration,
        _ retries: Int
    ) {
        let (metrics, calls) = self.state.withLock { state in
            var metrics =
                state.methods[ObjectIdentifier(method)] ?? self.makeMethodMetrics(method)
            let calls =
                metrics.calls[outcome]
                ?? Counter(
                    label: "etcd.client.calls",
                    dimensions: [metrics.label, ("outcome", outcome)],
                    factory: self.factory
                )
            metrics.calls[outcome] = calls
            state.methods[ObjectIdentifier(method)] = metrics
            return (metrics, calls)
        }
        calls.increment()
        let timer = outcome == "ok" ? metrics.succeeded : metrics.failed
        timer.recordNanoseconds(duration.nanoseconds)
        if retries > 0 { metrics.retries.increment(by: retries) }
        if outcome == EtcdError.Code.ambiguous.description { metrics.ambiguous.increment() }
    }

    private func makeMethodMetrics(_ method: GRPCMethod) -> MethodMetrics {
        let label = ("method", "\(method.service)/\(method.name)")
        let duration = "etcd.client.call.duration"
        return MethodMetrics(
            label: label,
            succeeded: Timer(
                label: duration,
                dimensions: [label, ("result", "ok")],
                factory: self.factory
            ),
            failed: Timer(
                label: duration,
                dimensions: [label, ("result", "error")],
                factory: self.factory
            ),
            retries: Counter(
                label: "etcd.client.call.retries",
                dimensions: [label],
                factory: self.factory
            ),
            ambiguous: Counter(
                label: "etcd.client.writes.ambiguous",
                dimensions: [label],
                factory: self.factory
            )
        )
    }

    private func withEndpoint(_ endpoint: String, _ body: (inout EndpointMetrics) -> Void) {
        self.state.withLock { state in
            var metrics = state.endpoints[endpoint] ?? self.makeEndpointMetrics(endpoint)
            body(&metrics)
            state.endpoints[endpoint] = metrics
        }
    }

    private func makeEndpointMetrics(_ endpoint: String) -> EndpointMetrics {
        func counter(_ name: String) -> Counter {
            Counter(
                label: "etcd.client.\(name)",
                dimensions: [("endpoint", endpoint)],
                factory: self.factory
            )
        }
        return EndpointMetrics(
            reconnections: counter("reconnections"),
            failures: counter("connection.failures"),
            losses: counter("connections.lost")
        )
    }

    private func connections(
        to endpoint: String,
        _ role: ConnectionRole,
        _ metrics: inout EndpointMetrics
    ) -> Meter {
        if let meter = metrics.connections[role] { return meter }
        let meter = Meter(
            label: "etcd.client.connections",
            dimensions: [("endpoint", endpoint), ("role", "\(role)")],
            factory: self.factory
        )
        metrics.connections[role] = meter
        return meter
    }

    private func lostLeases(_ reason: EtcdLeaseSession.LossReason) -> Counter {
        self.state.withLock { state in
            if let counter = state.lostLeases[reason.name] { return counter }
            let counter = Counter(
                label: "etcd.client.leases.lost",
                dimensions: [("reason", reason.name)],
                factory: self.factory
            )
            state.lostLeases[reason.name] = counter
            return counter
        }
    }
}

extension Meter {
    /// One that counts up and down; neither way takes a negative number.
    fileprivate func change(by change: Int) {
        if change > 0 { self.increment(by: Double(change)) }
        if change < 0 { self.decrement(by: Double(-change)) }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000
    }
}
#endif
