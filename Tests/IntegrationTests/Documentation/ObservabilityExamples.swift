// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Foundation

#if ALL_TRAITS
import CoreMetrics
import Logging
import ServiceLifecycle
import Tracing
import UnixSignals
#endif

func complaints(about client: EtcdClient) async -> [String] {
    let picture = await client.diagnostics()
    var complaints = picture.endpoints.filter { $0.state == .failing }.map { endpoint in
        "\(endpoint.url): \(endpoint.lastFailure?.reason ?? "failing")"
    }
    complaints += picture.leases.filter { $0.state != .live }.map { lease in
        "lease \(lease.id) has \(lease.remaining) left"
    }
    return complaints
}

func statusPage(_ client: EtcdClient) async throws -> Data {
    try JSONEncoder().encode(await client.diagnostics())
}

#if ALL_TRAITS

func observedClient(
    endpoints: [String],
    metrics: any MetricsFactory,
    tracer: any Tracer
) throws -> EtcdClient {
    var configuration = EtcdClient.Configuration(endpoints: endpoints)
    configuration.metricsFactory = metrics
    configuration.tracer = tracer
    return try EtcdClient(configuration: configuration)
}

func runServices(_ services: [any Service], using client: EtcdClient) async throws {
    let group = ServiceGroup(
        services: [client] + services,
        gracefulShutdownSignals: [.sigterm],
        logger: Logger(label: "services")
    )
    try await group.run()
}

#endif
