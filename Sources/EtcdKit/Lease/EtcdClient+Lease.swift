// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// Creates a lease: keys attached to it are deleted when it expires or is revoked.
    ///
    /// The lease is not renewed by itself: see ``openLeaseSession(ttl:renewalStream:)`` for one that is. The
    /// client chooses the lease's ID, so that asking again after a lost answer cannot leave a
    /// second lease behind.
    ///
    /// - Parameters:
    ///   - ttl: How long the lease lives without being renewed; rounded up to whole seconds.
    ///   - id: The ID to use; `nil` lets the client choose a random one.
    /// - Returns: The lease with the time to live that the server really granted.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseExists`` if the given ID is taken,
    ///   ``EtcdError/Code/leaseTTLTooLarge``, ``EtcdError/Code/invalidArgument`` if the time is
    ///   not positive; `CancellationError` if the task was cancelled.
    public func grantLease(ttl: Duration, id: EtcdLeaseID? = nil) async throws -> EtcdLeaseGrant {
        let request = LeaseGrantRequest(
            ttl: try ttl.wholeLeaseSeconds(),
            id: try id.map { try $0.checked() } ?? .random
        )
        do {
            let response = try await self.core.perform(
                LeaseRPC.grant,
                request,
                timeout: self.requestTimeout,
                isRepeatable: id == nil
            )
            guard response.error.isEmpty else {
                throw EtcdError(
                    code: .unknown,
                    message: "the lease was not granted: \(response.error)"
                )
            }
            return EtcdLeaseGrant(
                id: EtcdLeaseID(response.id),
                ttl: Duration(leaseSeconds: response.ttl)
            )
        } catch let error as EtcdError where error.code == .leaseExists && id == nil {
            // Nobody else chooses this ID: an earlier try was executed and its answer lost.
            guard let known = try await self.timeToLive(of: EtcdLeaseID(request.id)) else {
                throw error
            }
            return EtcdLeaseGrant(id: known.id, ttl: known.granted)
        }
    }

    /// Ends a lease and deletes the keys attached to it.
    ///
    /// - Parameter id: The lease.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseNotFound`` if there is no such lease (any
    ///   more), ``EtcdError/Code/permissionDenied`` if a key attached to it may not be deleted;
    ///   `CancellationError` if the task was cancelled.
    public func revokeLease(_ id: EtcdLeaseID) async throws {
        let request = LeaseRevokeRequest(id: try id.checked())
        _ = try await self.core.perform(LeaseRPC.revoke, request, timeout: self.requestTimeout)
    }

    /// Asks how long a lease has left.
    ///
    /// - Parameters:
    ///   - id: The lease.
    ///   - includingKeys: Whether the keys attached to it are listed too; a client made by
    ///     ``namespaced(_:)`` lists those of its namespace.
    /// - Returns: What is left of the lease, or `nil` if there is no such lease.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func timeToLive(
        of id: EtcdLeaseID,
        includingKeys: Bool = false
    ) async throws -> EtcdLeaseTimeToLive? {
        let request = LeaseTimeToLiveRequest(id: try id.checked(), keys: includingKeys)
        let response: LeaseTimeToLiveResponse
        do {
            response = try await self.perform(LeaseRPC.timeToLive, request)
        } catch let error as EtcdError where error.code == .leaseNotFound {
            return nil
        }
        guard response.ttl >= 0, response.grantedTTL > 0 else { return nil }
        return EtcdLeaseTimeToLive(
            id: id,
            remaining: Duration(leaseSeconds: response.ttl),
            granted: Duration(leaseSeconds: response.grantedTTL),
            keys: response.keys.map { EtcdBytes($0) }
        )
    }

    /// Lists all leases of the cluster.
    ///
    /// - Returns: The IDs of the leases, in no particular order.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func leases() async throws -> [EtcdLeaseID] {
        let response = try await self.core.perform(
            LeaseRPC.leases,
            LeaseLeasesRequest(),
            timeout: self.requestTimeout
        )
        return response.leases.map { EtcdLeaseID($0.id) }
    }

    /// Renews a lease once.
    ///
    /// - Parameter id: The lease.
    /// - Returns: The time the lease now lives, counted from a moment no earlier than the call.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/leaseNotFound`` if there is no such lease (any
    ///   more); `CancellationError` if the task was cancelled.
    public func keepAlive(_ id: EtcdLeaseID) async throws -> Duration {
        let ttl = try await self.core.renewLease(
            EtcdLeaseID(id.checked()),
            timeout: self.requestTimeout
        )
        guard ttl > .zero else {
            throw EtcdError(code: .leaseNotFound, message: "there is no such lease")
        }
        return ttl
    }

    /// Creates a lease and keeps it alive until the session is closed.
    ///
    /// - Parameters:
    ///   - ttl: How long the lease lives without being renewed; rounded up to whole seconds.
    ///     Renewals go out every third of the time granted.
    ///   - renewalStream: Whether the renewals share a stream with those of other sessions.
    /// - Returns: The session.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func openLeaseSession(
        ttl: Duration,
        renewalStream: EtcdLeaseSession.RenewalStream = .shared
    ) async throws -> EtcdLeaseSession {
        var sentAt = ContinuousClock.now
        let deadline = sentAt + self.requestTimeout
        let grant = try await self.grantLease(ttl: ttl)
        var ttl = grant.ttl
        if ContinuousClock.now - sentAt > ttl / 3 {
            // Granted after repetitions: nobody knows when the server began to count.
            sentAt = .now
            let rest = max(deadline - sentAt, .zero)
            ttl = try await self.withRequestTimeout(rest).keepAlive(grant.id)
        }
        let record = LeaseRecord(id: grant.id, ttl: ttl, sentAt: sentAt)
        let keeper = self.core.part(LeaseKeeper.self)
        keeper.keep(record, isSeparate: renewalStream == .separate)
        return EtcdLeaseSession(record: record, ttl: ttl, keeper: keeper)
    }

    /// Creates a lease and keeps it alive for as long as a closure runs.
    ///
    /// The lease is revoked at the end, whether the closure returns or throws. Losing the lease
    /// does not stop the closure: watch ``EtcdLeaseSession/states``.
    ///
    /// - Parameters:
    ///   - ttl: How long the lease lives without being renewed.
    ///   - renewalStream: Whether the renewals share a stream with those of other sessions.
    ///   - body: Uses the session.
    /// - Returns: What the closure returned.
    /// - Throws: ``EtcdError`` if the lease cannot be created, `CancellationError` if the task
    ///   was cancelled, or what the closure threw.
    public func withLease<Result>(
        ttl: Duration,
        renewalStream: EtcdLeaseSession.RenewalStream = .shared,
        _ body: (EtcdLeaseSession) async throws -> Result
    ) async throws -> Result {
        let session = try await self.openLeaseSession(ttl: ttl, renewalStream: renewalStream)
        do {
            let result = try await body(session)
            await session.close()
            return result
        } catch {
            await session.close()
            throw error
        }
    }
}

extension Duration {
    /// What etcd grants at most.
    private static let maximumLeaseSeconds: Int64 = 9_000_000_000

    /// A time to live as a server tells it; what none can have granted is brought within bounds.
    init(leaseSeconds: Int64) {
        self = .seconds(min(max(leaseSeconds, 0), Self.maximumLeaseSeconds))
    }

    /// The time in whole seconds, rounded up, as the server counts the life of leases.
    fileprivate func wholeLeaseSeconds() throws(EtcdError) -> Int64 {
        guard self > .zero else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the time to live is not more than zero; give at least a second"
            )
        }
        guard self <= .seconds(Self.maximumLeaseSeconds) else {
            throw EtcdError(
                code: .leaseTTLTooLarge,
                message: "the time to live is longer than 9000000000 seconds; give less"
            )
        }
        let (seconds, attoseconds) = self.components
        return attoseconds > 0 ? seconds + 1 : seconds
    }
}

extension EtcdLeaseID {
    fileprivate func checked() throws(EtcdError) -> Int64 {
        guard self.rawValue != 0 else {
            throw EtcdError(
                code: .invalidArgument,
                message: "0 is not the ID of a lease; give another one, or none"
            )
        }
        return self.rawValue
    }
}

extension Int64 {
    /// The ID of a new lease.
    fileprivate static var random: Int64 { .random(in: 1...(.max)) }
}
