// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The elections that the server itself offers (`v3election`), for those who have to.
///
/// ``EtcdElection`` serves better: it takes part in the same elections (the name here is its
/// ``EtcdElection/keyPrefix`` without the last slash), leads without the server's wait of up to
/// 100 ms, tells a candidate whose key is gone instead of letting it win without one, and observes
/// across broken connections. Here nobody learns that a leadership was lost: follow the states of the
/// lease session. What ``EtcdLockService`` says of names and authentication holds here as well.
public struct EtcdElectionService: Sendable {
    let client: EtcdClient

    /// Campaigns and waits to be the leader.
    ///
    /// The call waits on the server for as long as it takes. Cancelling the task gives the place up,
    /// unless the candidate was just being created or the answer was on its way: it may be queued or
    /// lead then; end the lease. It is not repeated when the connection is lost: the candidate may then still be there, and may
    /// win; ending the lease removes it.
    ///
    /// - Parameters:
    ///   - name: The election's name; not empty. Its keys are `<name>/<lease-hex>`.
    ///   - value: What to proclaim; it may be empty.
    ///   - lease: The lease whose end ends the leadership. Keep it alive.
    ///   - timeout: How long to wait. Default: `nil`, without limit.
    /// - Returns: The proof of leadership, for ``proclaim(_:as:)`` and ``resign(_:)``.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseNotFound``,
    ///   ``EtcdError/Code/ambiguous`` if the candidate may or may not be there, also after the
    ///   timeout, ``EtcdError/Code/invalidArgument`` for an empty name or the lease 0;
    ///   `CancellationError` if the task was cancelled.
    public func campaign(
        _ name: some EtcdBytesConvertible,
        _ value: some EtcdBytesConvertible,
        lease: EtcdLeaseID,
        timeout: Duration? = nil
    ) async throws -> EtcdLeaderKey {
        let lease = try EtcdClient.check(serviceLease: lease)
        return try await self.campaign(name.etcdBytes, value.etcdBytes, lease, timeout)
    }

    /// Campaigns on a lease of the server's own.
    ///
    /// That lease is renewed by nobody, from the beginning of the wait on: whatever happens, candidate
    /// and leadership are gone after 60 seconds, without a word. Cancelling the task may leave them
    /// behind until then.
    ///
    /// - Parameters:
    ///   - name: The election's name; not empty.
    ///   - value: What to proclaim; it may be empty.
    ///   - timeout: How long to wait. Default: `nil`, without limit.
    /// - Returns: The proof of leadership.
    /// - Throws: As ``campaign(_:_:lease:timeout:)``.
    public func campaignOnServerLease(
        _ name: some EtcdBytesConvertible,
        _ value: some EtcdBytesConvertible,
        timeout: Duration? = nil
    ) async throws -> EtcdLeaderKey {
        try await self.campaign(name.etcdBytes, value.etcdBytes, 0, timeout)
    }

    /// Proclaims another value, if the leadership still holds.
    ///
    /// - Parameters:
    ///   - value: The value; it may be empty.
    ///   - leader: The proof of leadership.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/notElected`` if it does not hold any more,
    ///   ``EtcdError/Code/ambiguous`` if the value may or may not have been written;
    ///   `CancellationError` if the task was cancelled.
    public func proclaim(
        _ value: some EtcdBytesConvertible,
        as leader: EtcdLeaderKey
    ) async throws {
        _ = try await self.client.perform(
            ElectionServiceRPC.proclaim,
            ProclaimRequest(leader: LeaderKey(leader), value: value.etcdBytes.bytes)
        )
    }

    /// Asks who leads.
    ///
    /// - Parameter name: The election's name; not empty.
    /// - Returns: The leader, or `nil` if there is none.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func leader(_ name: some EtcdBytesConvertible) async throws -> EtcdElectionLeader? {
        let name = try EtcdClient.check(serviceName: name.etcdBytes)
        do {
            let response = try await self.client.perform(
                ElectionServiceRPC.leader,
                LeaderRequest(name: name)
            )
            return response.kv.map { EtcdElectionLeader(EtcdKeyValue($0)) }
        } catch let error as EtcdError where error.code == .nobodyElected {
            return nil
        }
    }

    /// Follows who leads and what the leader proclaims, as one member sees it.
    ///
    /// Says nothing while nobody leads, and ends with an error when the connection is lost. The server
    /// may leave out leaders that did not last. ``EtcdElection/observe()`` has none of that.
    ///
    /// - Parameter name: The election's name; not empty.
    /// - Returns: The leaders. Nothing is sent before the iteration begins.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidArgument`` for an empty name.
    public func observe(
        _ name: some EtcdBytesConvertible
    ) throws -> EtcdElectionServiceObservation {
        let name = try EtcdClient.check(serviceName: name.etcdBytes)
        return EtcdElectionServiceObservation(client: self.client, request: .init(name: name))
    }

    /// Gives a leadership up.
    ///
    /// Only the candidate that won is deleted. That it is gone already is no error.
    ///
    /// - Parameter leader: The proof of leadership.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func resign(_ leader: EtcdLeaderKey) async throws {
        _ = try await self.client.perform(
            ElectionServiceRPC.resign,
            ResignRequest(leader: LeaderKey(leader))
        )
    }

    private func campaign(
        _ name: EtcdBytes,
        _ value: EtcdBytes,
        _ wireLease: Int64,
        _ timeout: Duration?
    ) async throws -> EtcdLeaderKey {
        let request = CampaignRequest(
            name: try EtcdClient.check(serviceName: name),
            lease: wireLease,
            value: value.bytes
        )
        let response = try await self.client.wait(
            ElectionServiceRPC.campaign,
            request,
            timeout: timeout
        )
        guard let leader = response.leader else {
            throw EtcdError(
                code: .malformedResponse,
                message: "the answer lacks the proof of leadership"
            )
        }
        return EtcdLeaderKey(leader)
    }
}

extension EtcdClient {
    /// The elections that the server itself offers.
    public var electionService: EtcdElectionService {
        EtcdElectionService(client: self)
    }
}
