// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Logging
import Synchronization

/// What a connection is for.
///
/// Calls and long-lived streams do not share a connection: under TLS on etcd's usual port, big
/// answers would hold up watches and lease renewals. Nor do watches and renewals: a lease must not
/// be lost because much happens.
package enum ConnectionRole: Sendable, CaseIterable {
    /// Calls that end by themselves.
    case unary
    /// Watches, and whatever else lives as long as its consumer wants.
    case streams
    /// Renewals of leases.
    case leases
}

/// The connections of one client: one per role, made when first needed, replaced when lost.
///
/// Thread-safe. What to dial and when is decided by a ``ConnectionSlot`` per role; this type does
/// it. Callers that need a connection while one is being made share the attempt.
package final class ConnectionPool: Sendable {
    typealias Dial = ConnectionSlot.Dial
    typealias ConnectionWaiter = Waiter<Result<Connection, PoolFailure>>

    /// How long an attempt may take before another endpoint is tried beside it.
    private static let patience: Duration = .milliseconds(500)

    /// What a caller in a hurry takes for silence says nothing about the connection.
    private static let shortestSilence: Duration = .milliseconds(250)

    let state: Mutex<ConnectionPoolState>
    /// How many endpoints there are, for those who do not need the lock otherwise.
    private let count: Atomic<Int>
    let configuration: ConnectionConfiguration
    let loop: EventLoop

    /// - Parameters:
    ///   - endpoints: where to connect; if empty ``replaceEndpoints(with:)`` has to come before the
    ///     first connection is asked for.
    ///   - configuration: how.
    ///   - loop: the thread the connections live on.
    package init(
        endpoints: [Endpoint],
        configuration: ConnectionConfiguration,
        loop: EventLoop
    ) {
        self.count = Atomic(endpoints.count)
        var configuration = configuration
        configuration.answerPatience = .init(longest: configuration.keepAliveTimeout)
        self.configuration = configuration
        self.loop = loop
        let start = endpoints.indices.randomElement() ?? 0
        self.state = Mutex(
            ConnectionPoolState(picker: EndpointPicker(endpoints, startingAt: start))
        )
    }

    deinit {
        self.closeEverything()
    }

    /// Whether there has been a connection.
    package var hasEverConnected: Bool {
        self.state.withLock { $0.hasEverConnected }
    }

    /// How many endpoints there are to choose from.
    package var endpointCount: Int {
        self.count.load(ordering: .relaxed)
    }

    /// The role's connection if there is one that can be used now.
    ///
    /// - Parameters:
    ///   - role: what the connection is for.
    ///   - endpoint: where it has to lead; nil: anywhere.
    /// - Returns: the connection, or nil.
    package func readyConnection(
        for role: ConnectionRole,
        at endpoint: Endpoint? = nil
    ) -> Connection? {
        self.state.withLock { state in
            guard let ready = state[ready: role], ready.connection.isUsable else { return nil }
            if let endpoint, ready.connection.endpoint != endpoint { return nil }
            return ready.connection
        }
    }

    /// A connection for the role: the one there is, or a new one.
    ///
    /// Endpoints are tried until one works, the deadline passes, the task is cancelled, or every
    /// endpoint has failed in a way that trying again does not mend. Until the pool has connected
    /// for the first time the connect timeout is a deadline, too: then a mistake in the
    /// configuration is more likely than a fault.
    ///
    /// - Parameters:
    ///   - role: what the connection is for.
    ///   - deadline: when to give up.
    ///   - endpoint: an endpoint to leave, if there are others.
    /// - Returns: a connection that is ready.
    /// - Throws: ``PoolFailure`` with the last failure of each endpoint.
    package func connection(
        for role: ConnectionRole,
        deadline: ContinuousClock.Instant,
        avoiding endpoint: Endpoint? = nil
    ) async throws(PoolFailure) -> Connection {
        if let endpoint, let current = self.readyConnection(for: role),
            current.endpoint == endpoint
        {
            self.leave(current)
        }
        while true {
            let waiter = ConnectionWaiter()
            let (id, connection, isFirst) = try self.request(role, waiter)
            if let connection { return connection }
            // A little longer than an attempt, so that its own account of why it failed is heard.
            let patience =
                ContinuousClock.now + self.configuration.connectTimeout + .milliseconds(200)
            switch await waiter.wait(
                until: isFirst ? min(deadline, patience) : deadline,
                on: self.loop
            )
            {
            case .value(.success(let connection)):
                if connection.isUsable { return connection }
            case .value(.failure(let failure)):
                throw failure
            case .deadlinePassed:
                self.waiterLeft(id, role)
                throw self.failure(.timeout)
            case .cancelled:
                self.waiterLeft(id, role)
                throw self.failure(.cancelled)
            }
        }
    }

    /// Gives the connection to no more callers; it is closed when the calls on it have ended.
    ///
    /// Its endpoint is in quarantine from then on. Does nothing where that would lead nowhere
    /// better: when there is no other endpoint, or the others have just turned out to be bad, too.
    ///
    /// - Parameters:
    ///   - connection: the connection to leave.
    ///   - failure: what is wrong there.
    package func leave(
        _ connection: Connection,
        because failure: ConnectionFailure = .unresponsive("calls were not answered")
    ) {
        _ = self.release(connection, because: failure) { _ in false }
    }

    /// Whether a connection is given out.
    enum Release {
        case released
        /// There is nothing better, so it is still given out.
        case kept
        /// It had been left before, or has ended.
        case notInUse
    }

    /// Releases the connection if there is another endpoint to try, or if the closure says so when
    /// this is the only one.
    func release(
        _ connection: Connection,
        because failure: ConnectionFailure,
        orIfAlone mayReplace: (inout ConnectionPoolState) -> Bool
    ) -> Release {
        let now = ContinuousClock.now
        let release: Release = self.state.withLock { state in
            // What becomes of one that has ended or was told to go is heard from itself.
            guard connection.isUsable, state.isInUse(connection) else { return .notInUse }
            let isAlone = state.picker.endpoints == [connection.endpoint]
            guard
                isAlone
                    ? mayReplace(&state)
                    : state.picker.hasAlternative(to: connection.endpoint, now: now)
            else { return .kept }
            return state.release(connection, because: failure, now: now) ? .released : .notInUse
        }
        guard release == .released else { return release }
        self.scheduleProbes()
        self.configuration.logger.debug(
            "moving to another connection",
            metadata: ["endpoint": "\(connection.endpoint)", "reason": "\(failure)"]
        )
        self.closeWhenUnused(connection)
        return .released
    }

    /// Gives the connections to no more callers, and has the streams that can be moved opened again;
    /// each is closed when the calls on it have ended.
    package func releaseAll() {
        let released = self.state.withLock { $0.releaseAll() }
        for connection in released { self.vacate(connection) }
    }

    /// Has the streams that can be moved opened again elsewhere, and closes the connection when the
    /// calls on it have ended.
    private func vacate(_ connection: Connection) {
        connection.moveStreams()
        Task {
            await connection.closeGracefully()
            // Somebody who had just got the connection may have opened one on it meanwhile.
            connection.moveStreams()
        }
    }

    func closeWhenUnused(_ connection: Connection) {
        // Not bound to a caller: it may take as long as the last call on the connection.
        Task { await connection.closeGracefully() }
    }

    /// Makes sure that a member can answer: a call had no answer when its time was up.
    ///
    /// If it cannot, the connection is left.
    package func question(_ connection: Connection, after time: Duration) {
        if time >= Self.shortestSilence { connection.question() }
    }

    /// Leaves a connection that is of no use: for another endpoint if there is one, otherwise for a
    /// new connection, as only this one may be dead.
    package func leaveEvenIfAlone(_ connection: Connection) {
        _ = self.release(connection, because: .unresponsive("a call was not answered")) { state in
            state.mayReplace(now: .now, interval: self.configuration.connectTimeout)
        }
    }

    /// The endpoints there are to choose from.
    package var endpoints: [Endpoint] {
        self.state.withLock { $0.picker.endpoints }
    }

    /// Takes other endpoints from now on.
    ///
    /// Connections to endpoints that stay are kept. One to an endpoint that is gone is given to no
    /// more callers, its streams are opened again elsewhere if they can be, and it is closed when the
    /// calls on it have ended.
    ///
    /// - Parameter endpoints: each once, at least one.
    /// - Returns: the endpoints there were until now.
    @discardableResult
    package func replaceEndpoints(with endpoints: [Endpoint]) -> [Endpoint] {
        let (old, abandoned) = self.state.withLock { state in
            let old = state.picker.endpoints
            state.replaceEndpoints(with: endpoints)
            self.count.store(endpoints.count, ordering: .relaxed)
            return (old, state.releaseUnlisted())
        }
        for connection in abandoned { self.vacate(connection) }
        return old
    }

    /// Closes all connections.
    ///
    /// Callers that wait, and all later ones, fail.
    package func close() {
        self.closeEverything()
    }
}

// MARK: - Doing what the slots decide

extension ConnectionPool {
    private func request(
        _ role: ConnectionRole,
        _ waiter: ConnectionWaiter
    ) throws(PoolFailure) -> (
        id: ConnectionSlot.WaiterID, connection: Connection?, isFirst: Bool
    ) {
        var toDial: (Dial, Connection)?
        let result: (ConnectionSlot.WaiterID, Connection?, Bool)? = self.state.withLock { state in
            state.forgetUnusable(role)
            let id = state.nextID()
            let isFirst = !state.hasEverConnected
            switch state.request(role, waiter: id, dialID: state.nextID()) {
            case .use:
                return (id, state[ready: role]?.connection, isFirst)
            case .dial(let dial):
                state.waiters[id] = waiter
                toDial = (dial, self.addConnection(for: dial, role, to: &state))
                return (id, nil, isFirst)
            case .wait:
                state.waiters[id] = waiter
                return (id, nil, isFirst)
            case .refuse:
                return nil
            }
        }
        if let (dial, connection) = toDial { self.start(dial, role, connection) }
        guard let result else { throw PoolFailure(.closed) }
        return result
    }

    private func waiterLeft(_ id: ConnectionSlot.WaiterID, _ role: ConnectionRole) {
        self.state.withLock { state in
            state.waiters[id] = nil
            state.waiterLeft(id, role)
        }
    }

    func addConnection(
        for dial: Dial,
        _ role: ConnectionRole,
        to state: inout ConnectionPoolState
    ) -> Connection {
        let connection = Connection(
            endpoint: dial.endpoint,
            role: role,
            configuration: state.configuration(self.configuration, for: dial.endpoint),
            loop: self.loop
        )
        state.connections[dial] = connection
        return connection
    }

    private func start(_ dial: Dial, _ role: ConnectionRole, _ connection: Connection) {
        self.establish(dial, role, connection) { [weak self] failure in
            if let failure {
                self?.failed(dial, role, failure)
            } else {
                // After all that has come by now: a server may take its leave with the first bytes.
                self?.loop.execute { [weak self] in self?.succeeded(dial, role, connection) }
            }
        }
        self.loop.schedule(after: Self.patience) { [weak self] in
            self?.isSlow(dial, role)
        }
    }

    /// Connects and greets; tells the outcome on the loop.
    func establish(
        _ dial: Dial,
        _ role: ConnectionRole,
        _ connection: Connection,
        outcome: @escaping @Sendable (ConnectionFailure?) -> Void
    ) {
        // Shared by all who wait, so it belongs to no caller's task; it ends by the connect
        // timeout or when the pool closes the connection.
        let deadline = ContinuousClock.now + self.configuration.connectTimeout
        self.loop.execute { [weak self] in
            connection.assumeIsolated { connection in
                connection.onClose { [weak self] failure in
                    self?.ended(dial, role, failure)
                }
                connection.onHealth = { [weak self, unowned connection] health in
                    self?.heard(health, of: connection)
                }
                connection.connect { [weak self] failure in
                    guard failure == nil, let self, let greeting = self.configuration.greeting
                    else { return outcome(failure) }
                    greeting(connection, self.endpointCount, deadline) { failure in
                        outcome(failure)
                        if failure != nil { connection.close() }
                    }
                }
            }
        }
    }

    private func succeeded(_ dial: Dial, _ role: ConnectionRole, _ connection: Connection) {
        guard self.state.withLock({ $0.connections[dial] != nil }) else {
            // It ended before anybody could use it, or was dropped.
            self.failed(dial, role, .closedByPeer(phase: "starting"))
            return
        }
        guard connection.isUsable else {
            self.failed(dial, role, .closedByPeer(phase: "starting"))
            connection.close()
            return
        }
        var served: [ConnectionWaiter] = []
        var closing: [Connection] = []
        var abandoned: [Connection] = []
        self.state.withLock { state in
            switch state.succeeded(dial, role) {
            case .serve(let waiters, let dropped):
                state.hasEverConnected = true
                state[ready: role] = .init(dial: dial, connection: connection)
                served = waiters.compactMap { state.waiters.removeValue(forKey: $0) }
                closing = dropped.compactMap { state.connections.removeValue(forKey: $0) }
                // The list may have changed since the attempt began. Then this connection is not
                // usable any more, and those who wait ask for another.
                abandoned = state.releaseUnlisted()
            case .discard:
                state.connections[dial] = nil
                closing = [connection]
            }
        }
        for connection in closing { connection.close() }
        for connection in abandoned { self.vacate(connection) }
        for waiter in served { waiter.resolve(.success(connection)) }
        self.watchCertificates()
        self.scheduleProbes()
    }

    private func failed(_ dial: Dial, _ role: ConnectionRole, _ failure: ConnectionFailure) {
        var toDial: (Dial, Connection)?
        var pause: Duration?
        var hopeless: [ConnectionWaiter] = []
        self.state.withLock { state in
            state.connections[dial] = nil
            switch state.failed(dial, role, with: self.explained(failure)) {
            case .dial(let next):
                toDial = (next, self.addConnection(for: next, role, to: &state))
            case .backOff(let bound):
                pause = Backoff.jittered(upTo: bound)
            case .fail(let waiters):
                hopeless = waiters.compactMap { state.waiters.removeValue(forKey: $0) }
            case .none:
                break
            }
        }
        if let (dial, connection) = toDial { self.start(dial, role, connection) }
        if let pause {
            self.loop.schedule(after: pause) { [weak self] in self?.backOffElapsed(role) }
        }
        if !hopeless.isEmpty {
            let failure = self.failure(.unusable)
            for waiter in hopeless { waiter.resolve(.failure(failure)) }
        }
    }

    /// Says that a client certificate is missing where the server only said that it is bad: what
    /// Go's servers before TLS 1.3 answer to both.
    func explained(_ failure: ConnectionFailure) -> ConnectionFailure {
        guard case .tls(.peerAlert(let alert)) = failure, alert.isAboutClientCertificate,
            self.configuration.tls?.presentsCertificate == false
        else { return failure }
        return .tls(.peerAlert(.certificateRequired))
    }

    private func isSlow(_ dial: Dial, _ role: ConnectionRole) {
        self.dialNext(role) { state in state.isSlow(dial, role) }
    }

    private func backOffElapsed(_ role: ConnectionRole) {
        self.dialNext(role) { state in state.backOffElapsed(role) }
    }

    private func dialNext(
        _ role: ConnectionRole,
        _ decide: (inout ConnectionPoolState) -> ConnectionSlot.DialAction
    ) {
        let toDial: (Dial, Connection)? = self.state.withLock { state in
            switch decide(&state) {
            case .dial(let dial): (dial, self.addConnection(for: dial, role, to: &state))
            case .none: nil
            }
        }
        if let (dial, connection) = toDial { self.start(dial, role, connection) }
    }

    func ended(_ dial: Dial, _ role: ConnectionRole, _ failure: ConnectionFailure) {
        self.state.withLock { state in
            guard state.connections.removeValue(forKey: dial) != nil else { return }
            _ = state.leave(dial, role)
            guard !failure.isOwnDecision else { return }
            state.picker.failed(dial.endpoint, with: self.explained(failure), at: .now)
            state.noteGoAway(failure, from: dial.endpoint)
        }
        self.scheduleProbes()
    }

    /// What is wrong with the endpoints, as far as it is known; those in order are left out.
    package var knownFailures: [PoolFailure.Attempt] {
        self.state.withLock { state in
            state.picker.endpoints.compactMap { endpoint in
                state.picker.failure(of: endpoint).map { .init(endpoint: endpoint, failure: $0) }
            }
        }
    }

    private func failure(_ reason: PoolFailure.Reason) -> PoolFailure {
        let attempts = self.state.withLock { state in
            let inFlight = Set(state.connections.keys.map(\.endpoint))
            return state.picker.endpoints.compactMap { endpoint -> PoolFailure.Attempt? in
                var failure = state.picker.failure(of: endpoint)
                if inFlight.contains(endpoint), failure?.isOfAnswers ?? true {
                    // That an earlier connection brought no answers is not what this one waits for.
                    failure = .timedOut(phase: "connecting")
                }
                return failure.map { PoolFailure.Attempt(endpoint: endpoint, failure: $0) }
            }
        }
        return PoolFailure(reason, attempts: attempts)
    }

    private func closeEverything() {
        let (connections, waiters) = self.state.withLock { state in
            var waiting: [ConnectionSlot.WaiterID] = []
            for role in ConnectionRole.allCases {
                switch state.shutDown(role) {
                case .close(_, let waiters): waiting += waiters
                }
            }
            let connections = Array(state.connections.values) + state.takeProbes()
            state.connections = [:]
            let waiters = waiting.compactMap { state.waiters.removeValue(forKey: $0) }
            return (connections, waiters)
        }
        for connection in connections { connection.close() }
        for waiter in waiters { waiter.resolve(.failure(PoolFailure(.closed))) }
    }
}
