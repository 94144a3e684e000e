// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging

enum LeaseRPC {
    private static let service = "etcdserverpb.Lease"

    /// Repeatable because the client chooses the lease's ID.
    static let grant = RPC<LeaseGrantRequest, LeaseGrantResponse>(
        service: service,
        method: "LeaseGrant",
        isRepeatable: true
    )

    /// Repeatable because an ID is not used twice.
    static let revoke = RPC<LeaseRevokeRequest, LeaseRevokeResponse>(
        service: service,
        method: "LeaseRevoke",
        isRepeatable: true
    )

    static let timeToLive = RPC<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse>(
        service: service,
        method: "LeaseTimeToLive",
        since: "3.1",
        isRepeatable: true
    )

    static let leases = RPC<LeaseLeasesRequest, LeaseLeasesResponse>(
        service: service,
        method: "LeaseLeases",
        since: "3.3",
        isRepeatable: true
    )

    /// One renewal.
    ///
    /// The method is a stream of requests and answers. One that carries one request and ends looks
    /// the same on the wire as a single call.
    static let keepAliveOnce = RPC<LeaseKeepAliveRequest, LeaseKeepAliveResponse>(
        service: service,
        method: "LeaseKeepAlive",
        isRepeatable: true
    )
}

extension ClientCore {
    /// Renews a lease once, by a call.
    ///
    /// - Parameters:
    ///   - id: The lease.
    ///   - timeout: How long it may take.
    ///   - endpoint: The only member to ask; nil: any.
    /// - Returns: The time to live, zero if the server does not know the lease.
    /// - Throws: ``EtcdError``, or `CancellationError` when the task was cancelled.
    func renewLease(
        _ id: EtcdLeaseID,
        timeout: Duration,
        at endpoint: Endpoint? = nil
    ) async throws -> Duration {
        let response = try await self.perform(
            LeaseRPC.keepAliveOnce,
            LeaseKeepAliveRequest(id: id.rawValue),
            timeout: timeout,
            at: endpoint
        )
        return Duration(leaseSeconds: response.ttl)
    }

    /// Whether the server knows a lease.
    func isKnown(_ id: EtcdLeaseID, timeout: Duration) async throws -> Bool {
        let response = try await self.perform(
            LeaseRPC.timeToLive,
            LeaseTimeToLiveRequest(id: id.rawValue),
            timeout: timeout
        )
        return response.ttl >= 0 && response.grantedTTL > 0
    }

    /// Revokes the lease of a session that ends; if that fails it expires by itself.
    func endLease(_ id: EtcdLeaseID, timeout: Duration) async {
        do {
            _ = try await self.perform(
                LeaseRPC.revoke,
                LeaseRevokeRequest(id: id.rawValue),
                timeout: timeout
            )
        } catch let error as EtcdError where error.code == .leaseNotFound {
            // That is what was wanted.
        } catch {
            self.logger.warning(
                "a lease was not revoked and expires by itself",
                metadata: ["lease": "\(id)", "error": "\(error)"]
            )
        }
    }
}
