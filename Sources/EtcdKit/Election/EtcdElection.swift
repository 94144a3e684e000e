// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// An election: of all who campaign in it one leads at a time, in the order in which they came.
///
/// ```swift
/// let election = try client.election("scheduler")
/// try await election.withLeadership(proclaiming: "10.0.0.1:8080") { leadership in
///     try await schedule()                    // cancelled when leadership is lost
/// }
/// for try await leader in election.observe() {
///     print(leader?.value.string ?? "nobody leads")
/// }
/// ```
///
/// A candidate is a key under a lease of its own. When the leader resigns, or dies and its lease
/// ends, the next one leads at once, without a further request. Who is cut off from etcd learns that
/// it does not lead any more before anybody else can. Write only while you lead with
/// ``EtcdLeadership/condition`` in your transactions.
///
/// Candidates are keys `<root>/<name>/<lease>-<nonce>`, the name percent-encoded, and the one with
/// the lowest create revision leads. `etcdctl elect <root>/<name>` and Go's `concurrency.Election`
/// take part in the same election; so does ``EtcdElectionService``. Roots must not lie inside each
/// other's elections: with the root `/elections/a`, every candidate would also be one of the
/// election `a` below `/elections`.
///
/// Candidates need the permission to read and write below ``keyPrefix``, observers to read there.
/// Anybody who may write there can end a leadership or put a candidate first.
///
/// An election goes through the client it was made with: its namespace applies, its request timeout
/// bounds single requests, and it must not be shut down before the election is over.
public struct EtcdElection: Sendable {
    let client: EtcdClient
    let keys: ElectionKeys

    init(client: EtcdClient, root: String?, name: EtcdBytes) throws(EtcdError) {
        self.client = client
        self.keys = try ElectionKeys(root: root, name: name)
    }

    /// What the keys of all candidates begin with: `<root>/<name>/`.
    ///
    /// Without its last slash it is what `etcdctl elect` takes as the name of the election.
    public var keyPrefix: EtcdBytes {
        self.keys.prefix
    }

    var requests: ElectionRequests {
        ElectionRequests(client: self.client, keys: self.keys)
    }

    /// Asks who leads now.
    ///
    /// - Returns: The leader, or `nil` if nobody campaigns: one linearizable read.
    /// - Throws: ``EtcdError``, or `CancellationError` if the task was cancelled.
    public func leader() async throws -> EtcdElectionLeader? {
        try await self.requests.first().map(EtcdElectionLeader.init)
    }

    /// Follows who leads and what the leader proclaims.
    ///
    /// Begins with the present leader, and goes on with every change in its order, `nil` when nobody
    /// leads. Broken connections and failing members cost time but no change. Only if the server has
    /// compacted what was missed meanwhile, or what a slow reader has not come to yet, are changes
    /// left out, never the last one.
    ///
    /// It ends without an error when the task that iterates is cancelled, with one when the server
    /// refuses it for good.
    ///
    /// - Returns: The leaders. Nothing is sent before the iteration begins; each iteration is its
    ///   own.
    public func observe() -> EtcdElectionObservation {
        EtcdElectionObservation(requests: self.requests)
    }

    /// Campaigns and waits to be the leader.
    ///
    /// Cancelling the task returns at once; the candidate is removed behind it, at the latest by its
    /// lease.
    ///
    /// - Parameters:
    ///   - value: What to proclaim: an address, for example. It may be empty.
    ///   - ttl: How long the leadership survives a leader that died. Default: 15 seconds. The server
    ///     counts whole seconds and raises what is too short for it.
    /// - Returns: The leadership. It must be resigned.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/notElected`` if the candidate's key or lease is lost
    ///   while it waits, ``EtcdError/Code/invalidArgument`` if the time is not positive;
    ///   `CancellationError` if the task was cancelled.
    public func campaign(
        _ value: some EtcdBytesConvertible,
        ttl: Duration = .seconds(15)
    ) async throws -> EtcdLeadership {
        guard ttl > .zero else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the time to live is not more than zero"
            )
        }
        let candidate = try await Candidate.start(
            in: self.requests,
            value: value.etcdBytes,
            ttl: ttl
        )
        do {
            let token = try await candidate.elected()
            return EtcdLeadership(candidate: candidate, fencingToken: token)
        } catch {
            candidate.giveUp()
            throw error
        }
    }

    /// Campaigns, and runs a closure while leading.
    ///
    /// The leadership is resigned when the closure ends, however it ends. If it is lost meanwhile,
    /// the closure's task is cancelled at once, and after the closure has ended this function throws,
    /// even if the closure took no notice. It also throws if only the resignation shows the loss. A
    /// resignation that is not confirmed within a few seconds goes on in the background.
    ///
    /// - Parameters:
    ///   - value: What to proclaim; it may be empty.
    ///   - ttl: How long the leadership survives a leader that died. Default: 15 seconds.
    ///   - body: What to do as the leader.
    /// - Returns: What the closure returns.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/notElected`` if the candidacy or the leadership was
    ///   lost; `CancellationError` if the task was cancelled; or what the closure threw.
    public func withLeadership<Value: Sendable>(
        proclaiming value: some EtcdBytesConvertible,
        ttl: Duration = .seconds(15),
        _ body: @escaping @Sendable (EtcdLeadership) async throws -> Value
    ) async throws -> Value {
        let leadership = try await self.campaign(value, ttl: ttl)
        let (result, lossReason) = await leadership.run(body)
        if let lossReason { throw EtcdError.notElected(lossReason) }
        let stateAtTheEnd = leadership.state
        let outcome = await leadership.resignAtTheEnd()
        // Who resigned in the closure has seen the outcome there.
        guard stateAtTheEnd != .resigned else { return try result.get() }
        switch outcome {
        case .resigned:
            // Its key was there until now, so nobody else has led.
            return try result.get()
        case .alreadyGone, .notMine:
            throw EtcdError.notElected(leadership.lossReason ?? .keyDeleted)
        case nil:
            if case .lost(let reason) = stateAtTheEnd { throw EtcdError.notElected(reason) }
            return try result.get()
        }
    }
}

extension EtcdClient {
    /// An election of this name.
    ///
    /// - Parameters:
    ///   - name: The name; not empty. Names may hold any bytes and never clash.
    ///   - root: What its keys begin with, without a slash at the end. Default: `/elections`. `nil`
    ///     and a name such as `x` is the election of `etcdctl elect x`.
    /// - Returns: The election; nothing is sent.
    /// - Throws: ``EtcdError`` with ``EtcdError/Code/invalidArgument``.
    public func election(
        _ name: some EtcdBytesConvertible,
        root: String? = "/elections"
    ) throws -> EtcdElection {
        try EtcdElection(client: self, root: root, name: name.etcdBytes)
    }
}
