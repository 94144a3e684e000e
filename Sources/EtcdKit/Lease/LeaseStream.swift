// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire
import Logging

/// One stream of renewals: opened when one is sent, opened again when it breaks.
///
/// Lives on the event loop's thread, like the ``LeaseKeeper`` that it reports to. The server handles
/// the renewals in their order, so the one at the head of the row is the one that may hold up the
/// others; all of them unanswered speaks against the server.
actor LeaseStream {
    enum News: Sendable {
        /// The server answered a renewal; no time to live means that it does not know the lease.
        case answered(EtcdLeaseID, sentAt: ContinuousClock.Instant, ttl: Duration)
        /// These renewals got no answer and never will.
        case failed([EtcdLeaseID], EtcdError)
    }

    /// How long a connection to the leader may take before any other will do.
    private static let leaderTimeout: Duration = .seconds(1)

    nonisolated let core: ClientCore
    /// Whether silence speaks against the server, and not against the leases on this stream.
    private let blamesServer: Bool
    private let report: @Sendable (News) -> Void
    /// What is not answered.
    private var unanswered = RenewalRow()
    /// Whether one was blamed for holding up others, and nothing was answered since.
    private var hasGivenWay = false
    private var isOver = false

    private var stream: ClientStream?
    /// Keeps the connection to the leader, if the stream is on one.
    private var wayToLeader: MemberConnections.Lease?
    private var openedAt: ContinuousClock.Instant = .now
    private var silence = RenewalSilence(now: .now)
    /// The endpoint that was last found to be of no use, until a renewal is answered.
    private var useless: Endpoint?
    /// The same, of the endpoints that were taken for the leader's.
    private var uselessLeader: Endpoint?
    /// Tells the events of the present stream from late ones of its predecessors; 0 without one.
    private var generation = 0
    private var lastGeneration = 0
    private var opening: Task<Void, Never>?
    private var backoff = ReconnectBackoff()

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        self.core.loop.executorForActors
    }

    /// - Parameters:
    ///   - core: The client's.
    ///   - blamesServer: Whether silence speaks against the server, and not against the leases.
    ///   - report: Called on the event loop's thread.
    init(core: ClientCore, blamesServer: Bool, report: @escaping @Sendable (News) -> Void) {
        self.core = core
        self.blamesServer = blamesServer
        self.report = report
    }

    /// Where the stream leads at present.
    var endpoint: Endpoint? { self.stream?.endpoint }
}

// MARK: - Renewals

extension LeaseStream {
    /// Sends a renewal.
    ///
    /// If the last one of the lease is still unanswered, and nothing was answered for long, the stream
    /// is replaced, by one that leads elsewhere if that speaks against the server, and everything
    /// unanswered is sent again there.
    func renew(_ id: EtcdLeaseID) {
        guard self.unanswered.contains(id) else {
            self.unanswered.append(id)
            return self.sendWaiting()
        }
        self.unanswered.needs(id)
        guard let sentAt = self.unanswered.sentAt(id), let stream = self.stream,
            self.silence.isTooLong(sentAt: sentAt, at: .now)
        else { return }
        if self.blamesServer { self.foundUseless(stream.endpoint) }
        self.startOver()
    }

    /// Lets the others pass a renewal that holds them up: drops it, and sends the others again.
    ///
    /// Not twice without an answer in between, for then it is not the renewal.
    ///
    /// - Returns: False if it does not hold up the others.
    func giveWay(_ id: EtcdLeaseID) -> Bool {
        guard !self.hasGivenWay, self.stream != nil, self.unanswered.first == id,
            self.unanswered.sentAt(id) != nil
        else { return false }
        self.hasGivenWay = true
        self.unanswered.remove(id)
        self.startOver()
        return true
    }

    /// The lease is renewed here no longer.
    func forget(_ id: EtcdLeaseID) {
        self.unanswered.remove(id)
    }

    /// The lease was renewed by a call: what is unanswered here need not be sent any more.
    func madeUp(for id: EtcdLeaseID) {
        self.unanswered.madeUp(for: id)
    }

    /// No lease is renewed here any longer.
    func end() {
        self.isOver = true
        self.opening?.cancel()
        _ = self.unanswered.removeAll()
        self.dropStream()
    }

    private func sendWaiting() {
        guard let stream = self.stream else {
            if self.opening == nil { self.openStream(after: .zero) }
            return
        }
        for id in self.unanswered.send(at: .now) {
            let request = LeaseKeepAliveRequest(id: id.rawValue)
            stream.stream.send(framed: request.serialized(leadingSpace: 5))
        }
    }

    /// Replaces the stream; what is unanswered is sent again.
    private func startOver() {
        self.dropStream()
        self.unanswered.startOver()
        if self.opening == nil { self.openStream(after: .zero) }
    }

    private func dropStream() {
        self.stream?.stream.cancel()
        self.stream = nil
        self.wayToLeader = nil
        self.generation = 0
    }

    /// The next stream leads elsewhere, if there is another endpoint.
    private func foundUseless(_ endpoint: Endpoint) {
        if self.wayToLeader != nil { self.uselessLeader = endpoint }
        self.useless = endpoint
    }
}

// MARK: - The stream

extension LeaseStream {
    private func openStream(after longestWait: Duration) {
        // Unstructured: the stream outlives the renewal that needs it first. Ends with `end()`.
        self.opening = Task {
            if longestWait > .zero {
                try? await Task.sleep(for: longestWait * Double.random(in: 0...1))
            }
            await self.connect()
        }
    }

    private func connect() async {
        guard !Task.isCancelled else { return }
        self.lastGeneration += 1
        let generation = self.lastGeneration
        do {
            let (stream, way) = try await self.open { event in
                self.assumeIsolated { $0.received(event, generation: generation) }
            }
            guard !self.isOver else { return stream.stream.cancel() }
            self.wayToLeader = way
            self.opening = nil
            self.stream = stream
            self.generation = generation
            self.openedAt = .now
            self.silence.opened(at: self.openedAt)
            self.sendWaiting()
        } catch {
            guard !self.isOver else { return }
            self.opening = nil
            self.streamFailed(EtcdError(renewing: error), lifetime: nil)
        }
    }

    /// Opens a stream: to the leader if it is known where that is, since the others pass renewals on
    /// to it one by one; or to any member.
    private func open(
        _ onEvent: @escaping @Sendable (GRPCStreamEvent) -> Void
    ) async throws -> (ClientStream, MemberConnections.Lease?) {
        if let leader = self.leaderElsewhere {
            let way = self.core.members.lease(leader)
            let stream = try? await self.core.openStream(
                .leaseKeepAlive,
                for: .leases,
                from: way.pool,
                deadline: .now + Self.leaderTimeout,
                onEvent: onEvent
            )
            if let stream { return (stream, way) }
            self.uselessLeader = leader
        }
        let stream = try await self.core.openStream(
            .leaseKeepAlive,
            for: .leases,
            deadline: .now + self.core.configuration.requestTimeout,
            avoiding: self.useless ?? self.uselessLeader,
            onEvent: onEvent
        )
        return (stream, nil)
    }

    /// The leader's endpoint, if it is worth a connection of its own.
    private var leaderElsewhere: Endpoint? {
        let pool = self.core.pool
        guard pool.endpointCount > 1, let leader = self.core.knownLeader,
            leader != pool.readyConnection(for: .leases)?.endpoint,
            leader != self.useless, leader != self.uselessLeader,
            self.core.greeting.foreignEndpoints[leader] == nil
        else { return nil }
        return leader
    }

    private func received(_ event: GRPCStreamEvent, generation: Int) {
        guard generation == self.generation else { return }
        switch event {
        case .opened:
            break
        case .message(let bytes):
            self.received(bytes)
        case .closed(let failure):
            self.streamEnded(failure)
        }
    }

    private func streamEnded(_ failure: CallFailure?) {
        guard let stream = self.stream else { return }
        // The members' own connections have no part in the pool's opinion of an endpoint.
        if self.wayToLeader != nil, failure?.reason.isMove != true {
            self.foundUseless(stream.endpoint)
        }
        let error =
            failure.map { self.core.streamFailed($0, on: stream) }
            ?? EtcdError(
                code: .unavailable,
                message: "the server ended the stream of lease renewals",
                endpoint: stream.endpoint.description
            )
        self.dropStream()
        self.streamFailed(error, lifetime: ContinuousClock.now - self.openedAt)
    }

    private func received(_ bytes: [UInt8]) {
        guard let response = try? LeaseKeepAliveResponse(serialized: bytes) else {
            let error = EtcdError(
                code: .malformedResponse,
                message: "the server sent an answer to a lease renewal that cannot be read",
                endpoint: self.stream?.endpoint.description
            )
            self.dropStream()
            return self.streamFailed(error, lifetime: nil)
        }
        if let header = response.header {
            guard self.stream?.accepts(cluster: header.clusterID, self.core.identity) ?? false
            else {
                return self.refuse(cluster: header.clusterID)
            }
            self.core.identity.saw(revision: header.revision, term: header.raftTerm)
        }
        let id = EtcdLeaseID(response.id)
        // Answers come in the order of the requests; one lease has one on its way at most.
        guard let sentAt = self.unanswered.sentAt(id) else { return }
        self.unanswered.remove(id)
        self.hasGivenWay = false
        self.useless = nil
        self.uselessLeader = nil
        self.silence.answered(sentAt: sentAt, at: .now)
        let ttl = Duration(leaseSeconds: response.ttl)
        self.report(.answered(id, sentAt: sentAt, ttl: ttl))
    }

    /// Another cluster says nothing about the lease, not even that it does not know it.
    private func refuse(cluster: UInt64) {
        guard let endpoint = self.stream?.endpoint else { return }
        self.core.greeting.refusal(of: cluster, at: endpoint)
        self.foundUseless(endpoint)
        self.dropStream()
        self.streamFailed(.foreignCluster(cluster, endpoint: endpoint), lifetime: nil)
    }

    private func streamFailed(_ error: EtcdError, lifetime: Duration?) {
        self.core.logger.debug("lease stream ended", metadata: ["error": "\(error)"])
        let failed = self.unanswered.removeAll()
        self.openStream(after: self.backoff.streamEnded(after: lifetime))
        if !failed.isEmpty { self.report(.failed(failed, error)) }
    }
}

extension CallFailure.Reason {
    /// Whether this side ended the stream, to open it again.
    fileprivate var isMove: Bool {
        if case .moved = self { true } else { false }
    }
}

extension GRPCMethod {
    fileprivate static let leaseKeepAlive = GRPCMethod(
        service: "etcdserverpb.Lease",
        method: "LeaseKeepAlive"
    )
}

extension EtcdError {
    /// What a renewal failed with.
    init(renewing error: any Error) {
        self =
            error as? EtcdError
            ?? EtcdError(code: .deadlineExceeded, message: "the renewal was not answered in time")
    }
}
