// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension EtcdMaintenance {
    /// Asks a member whether it takes calls; etcd 3.3 or newer.
    ///
    /// It is gRPC's own health service (`grpc.health.v1`), which needs neither a user nor a leader:
    /// a member that has lost the leader is serving nevertheless. Whether the cluster can write only
    /// a write tells.
    ///
    /// - Parameter endpoint: The member; nil: the one the client is connected to.
    /// - Returns: What the member says.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func servingStatus(at endpoint: String? = nil) async throws -> EtcdServingStatus {
        let response = try await self.client.core.perform(
            HealthRPC.check,
            HealthCheckRequest(),
            timeout: self.client.requestTimeout,
            at: self.member(endpoint)
        )
        return EtcdServingStatus(response.status)
    }

    /// Follows whether a member takes calls; etcd 3.4 or newer.
    ///
    /// - Parameter endpoint: The member; nil: the one the client is connected to.
    /// - Returns: The status now and after each change. The request timeout bounds the wait for the
    ///   first one only.
    /// - Throws: ``EtcdError`` if the endpoint cannot be right, or none is given and there is no
    ///   connection to be had; `CancellationError` if the task was cancelled.
    public func servingStatuses(at endpoint: String? = nil) async throws -> EtcdServingStatuses {
        let options = ServerStreamOptions(
            route: .member(try await self.member(endpoint)),
            timeout: self.client.requestTimeout
        )
        return EtcdServingStatuses(
            client: self.client,
            messages: self.client.core.serverStream(
                HealthRPC.watch,
                HealthCheckRequest(),
                options
            )
        )
    }
}

/// The service has been registered since etcd 3.3; its stream came with the gRPC of etcd 3.4.
enum HealthRPC {
    private static let service = "grpc.health.v1.Health"

    static let check = RPC<HealthCheckRequest, HealthCheckResponse>(
        service: service,
        method: "Check",
        since: "3.3",
        requiresLeader: false,
        isRepeatable: true,
        needsToken: false
    )

    static let watch = RPC<HealthCheckRequest, HealthCheckResponse>(
        service: service,
        method: "Watch",
        since: "3.4",
        requiresLeader: false,
        isRepeatable: true,
        needsToken: false
    )
}
