// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

extension ClientCore {
    /// The attempts of ``perform(_:_:timeout:isRepeatable:at:)``.
    func makeCall<Request: WireMessage, Response: WireMessage>(
        _ rpc: RPC<Request, Response>,
        _ request: Request,
        timeout: Duration,
        isRepeatable: Bool?,
        at endpoint: Endpoint?,
        _ observation: CallObservation?
    ) async throws -> Response {
        var course = CallCourse(
            timeout: timeout,
            isRepeatable: isRepeatable ?? rpc.isRepeatable,
            isAddressed: endpoint != nil
        )
        var lease: MemberConnections.Lease?
        while true {
            let metadata =
                if rpc.needsToken {
                    if let current = self.tokens.current {
                        current
                    } else {
                        try await self.metadata(until: course.deadline)
                    }
                } else {
                    Self.bareMetadata
                }
            let connection =
                if let ready = self.pool.readyConnection(for: .unary, at: endpoint) {
                    ready
                } else {
                    try await self.connection(
                        for: .unary,
                        from: self.pool(for: endpoint, &lease),
                        until: course.deadline
                    )
                }
            let pool = lease?.pool ?? self.pool
            let endpoints = endpoint == nil ? pool.endpointCount : 1
            let seen = self.identity.position
            let headers = rpc.requiresLeader ? metadata.withLeader : metadata.withoutLeader
            observation?.attempted(connection.endpoint)
            let answer: [UInt8]
            do throws(CallFailure) {
                answer = try await connection.unary(
                    rpc.method,
                    framed: request.serialized(leadingSpace: 5),
                    metadata: observation?.headers(headers) ?? headers,
                    deadline: course.nextAttemptDeadline(
                        endpoints: endpoints,
                        isJudged: rpc.isJudged
                    ),
                    conduct: CallConduct(
                        mayMove: course.mayMove(endpoints: endpoints),
                        provesService: rpc.isUpToDate,
                        isPrompt: rpc.isJudged
                    )
                )
            } catch {
                observation?.attemptFailed(error)
                let pause = try self.pauseAfter(
                    error,
                    of: rpc.method,
                    since: rpc.since,
                    on: connection,
                    from: pool,
                    generation: metadata.generation,
                    silenceIsSuspicious: rpc.isPrompt,
                    &course
                )
                observation?.retried(after: error, at: connection.endpoint)
                if let pause { try await Task.sleep(for: pause, clock: .continuous) }
                continue
            }
            let response: Response
            do throws(WireError) {
                response = try Response(serialized: answer)
            } catch {
                guard course.canGoElsewhere else {
                    throw course.failure(
                        ofUnreadable: .malformed(error, endpoint: connection.endpoint)
                    )
                }
                pool.leave(connection, because: .unresponsive("its answers cannot be read"))
                continue
            }
            guard let header = response.storeHeader else { return response }
            switch self.judge(header, of: rpc, seen: seen, &course) {
            case .take:
                return response
            case .again:
                continue
            case .foreign:
                let pause = try self.pauseAfterForeign(header, on: connection, &course)
                if let pause { try await Task.sleep(for: pause, clock: .continuous) }
            }
        }
    }

    /// A connection for the role, with errors as the user sees them.
    func connection(
        for role: ConnectionRole,
        from pool: ConnectionPool? = nil,
        until deadline: ContinuousClock.Instant,
        avoiding endpoint: Endpoint? = nil
    ) async throws -> Connection {
        let pool = pool ?? self.pool
        let upkeep =
            self.hasUpkeep && pool === self.pool ? self.part(EndpointUpkeep.self) : nil
        try await upkeep?.begin(until: deadline)
        do throws(PoolFailure) {
            return try await pool.connection(
                for: role,
                deadline: deadline,
                avoiding: endpoint
            )
        } catch {
            if error.reason == .cancelled { throw CancellationError() }
            upkeep?.doubt()
            throw EtcdError(error)
        }
    }

    /// Where a call gets its connection: from the pool, or if it is for one member from that
    /// member's own, which is kept by the lease.
    private func pool(
        for endpoint: Endpoint?,
        _ lease: inout MemberConnections.Lease?
    ) -> ConnectionPool {
        guard let endpoint else { return self.pool }
        let current = lease ?? self.members.lease(endpoint)
        lease = current
        return current.pool
    }

    /// What calls carry that need no token.
    static let bareMetadata = CallMetadata(token: nil, generation: 0)

    /// Judges a failed attempt: returns how long to wait before the next one, or throws if there
    /// must be none.
    func pauseAfter(
        _ failure: CallFailure,
        of method: GRPCMethod,
        since: String?,
        on connection: Connection,
        from pool: ConnectionPool,
        generation: UInt64,
        silenceIsSuspicious: Bool,
        _ course: inout CallCourse
    ) throws -> Duration? {
        if case .cancelled = failure.reason, Task.isCancelled { throw CancellationError() }
        let verdict = CallVerdict(
            failure,
            of: method,
            since: since,
            endpoint: connection.endpoint
        )
        let now = ContinuousClock.now
        if silenceIsSuspicious, case .deadlineExceeded = failure.reason {
            // The call may be slow for what it asks for. What the member is asked now is not.
            pool.question(connection, after: now - course.start)
        }
        self.learn(from: verdict, on: connection, tokenGeneration: generation)
        let canMend = self.tokens.canMend(verdict.error)
        switch course.next(after: verdict, now: now, canRenewToken: canMend) {
        case .again(let pause):
            if course.isTokenUnknown {
                // Tokens reach the members through their log, and this one is behind with it.
                pool.leave(connection, because: .unresponsive("the member knows no new tokens"))
            }
            return pause
        case .fail(let error): throw error.afterFailures(pool.knownFailures)
        }
    }

    /// Leaves members that cannot serve, and drops tokens that are not accepted.
    func learn(
        from verdict: CallVerdict,
        on connection: Connection,
        tokenGeneration: UInt64
    ) {
        switch verdict.remedy {
        case .elsewhere, .notHere:
            self.pool.leave(connection, because: .unresponsive(verdict.error.message))
        case .newToken:
            self.tokens.reject(
                generation: tokenGeneration,
                isOutdated: !verdict.error.wantsUser
            )
        case .none, .later: break
        }
    }
}
