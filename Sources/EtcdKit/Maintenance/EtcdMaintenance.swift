// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension EtcdClient {
    /// Looking after single members and the cluster as a whole.
    public var maintenance: EtcdMaintenance {
        EtcdMaintenance(client: self)
    }
}

/// Looking after single members, and after the cluster as a whole.
///
/// Most calls are about one member. They go to the endpoint that is given and to no other, whether
/// the client is configured with it or not, and fail if it cannot be reached; the form is that of
/// ``EtcdClient/Configuration/endpoints``. Without an endpoint they go to the member that the
/// client's calls go to at that moment, and to no other either: the answer's header says which one
/// it was.
///
/// ```swift
/// for member in try await client.cluster.members() {
///     guard let url = member.clientURLs.first else { continue }
///     let status = try await client.maintenance.status(at: url)
///     print(member.name, status.version, status.databaseSize, status.isLeader)
/// }
/// ```
///
/// Get it from ``EtcdClient/maintenance``; it has the client's request timeout, which is short for
/// defragmenting a large database: see ``EtcdClient/withRequestTimeout(_:)``.
public struct EtcdMaintenance: Sendable {
    let client: EtcdClient

    /// Asks a member how it is.
    ///
    /// A member answers with or without a leader, and learners do, too.
    ///
    /// - Parameter endpoint: The member; nil: the one the client is connected to.
    /// - Returns: The member's account of itself.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func status(at endpoint: String? = nil) async throws -> EtcdStatus {
        try await self.client.core.status(
            at: self.member(endpoint),
            timeout: self.client.requestTimeout
        )
    }

    /// Gives space that the database no longer needs back to the disk, on one member.
    ///
    /// The member answers nobody until it is done, which takes seconds for each gigabyte: do it
    /// member by member, the leader last. The request timeout must be longer than that.
    ///
    /// - Parameter endpoint: The member; nil: the one the client is connected to.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/ambiguous`` if no answer came in time; the member
    ///   goes on nevertheless. `CancellationError` if the task was cancelled; likewise.
    public func defragment(at endpoint: String? = nil) async throws {
        _ = try await self.client.core.perform(
            MaintenanceRPC.defragment,
            DefragmentRequest(),
            timeout: self.client.requestTimeout,
            at: self.member(endpoint)
        )
    }

    /// Computes a hash over all that a member has stored, its own bookkeeping included.
    ///
    /// It is made for etcd's own tests: members that agree on all keys may differ in it. To compare
    /// members use ``hashKV(at:revision:)``.
    ///
    /// - Parameter endpoint: The member; nil: the one the client is connected to.
    /// - Returns: The hash.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func hash(at endpoint: String? = nil) async throws -> EtcdHash {
        let response = try await self.client.core.perform(
            MaintenanceRPC.hash,
            HashRequest(),
            timeout: self.client.requestTimeout,
            at: self.member(endpoint)
        )
        return EtcdHash(header: EtcdResponseHeader(response.header), hash: response.hash)
    }

    /// Computes a hash over all keys of a member and their history; etcd 3.3 or newer.
    ///
    /// Members have the same data if they give the same hash for the same revision and have
    /// compacted up to the same one.
    ///
    /// - Parameters:
    ///   - endpoint: The member; nil: the one the client is connected to.
    ///   - revision: Up to which revision; nil: up to the newest that the member has.
    /// - Returns: The hash.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/compacted`` and
    ///   ``EtcdError/Code/futureRevision`` if the member does not have the revision any more, or
    ///   not yet. `CancellationError` if the task was cancelled.
    public func hashKV(
        at endpoint: String? = nil,
        revision: EtcdRevision? = nil
    ) async throws -> EtcdHashKV {
        if let revision, revision <= 0 {
            throw EtcdError(
                code: .invalidArgument,
                message: "the revision is \(revision), not more than zero"
            )
        }
        let response = try await self.client.core.perform(
            MaintenanceRPC.hashKV,
            HashKVRequest(revision: revision?.rawValue ?? 0),
            timeout: self.client.requestTimeout,
            at: self.member(endpoint)
        )
        return EtcdHashKV(response)
    }

    /// The member that was named, or the one that calls go to.
    func member(_ text: String?) async throws -> Endpoint {
        let core = self.client.core
        if let text { return try core.checkedEndpoint(text) }
        return try await core.currentEndpoint(timeout: self.client.requestTimeout)
    }
}

extension ClientCore {
    /// Where calls go at the moment; connects if there is no connection.
    func currentEndpoint(timeout: Duration) async throws -> Endpoint {
        if let ready = self.pool.readyConnection(for: .unary) { return ready.endpoint }
        let deadline = ContinuousClock.now + timeout.clamped
        return try await self.connection(for: .unary, until: deadline).endpoint
    }

    func status(at endpoint: Endpoint, timeout: Duration) async throws -> EtcdStatus {
        let response = try await self.perform(
            MaintenanceRPC.status,
            StatusRequest(),
            timeout: timeout,
            at: endpoint
        )
        return EtcdStatus(response)
    }
}
