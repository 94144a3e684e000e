// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging
import Synchronization

/// What all calls of a client share: connections, credentials, and the one way to make a call.
final class ClientCore: Sendable {
    let configuration: EtcdClient.Configuration
    let logger: Logger
    let loop: EventLoop
    private let sources: Mutex<EndpointSources>
    /// Whether the list of endpoints is looked after in the background.
    let hasUpkeep: Bool
    let endpointSecurity: EndpointSecurity
    let pool: ConnectionPool
    /// For calls that are for one member.
    let members: MemberConnections
    let tokens: TokenKeeper
    /// Which cluster it is, and how far its store has been seen to come.
    let identity: ClusterIdentity
    let greeting: ClusterGreeting
    let leader: LeaderHint
    /// Those who observe the client; nil if nobody does.
    let instruments: ClientInstruments?
    let connections: ConnectionObserver

    /// Whether the store's revision is being made sure of.
    let isQuestioned = Atomic<Bool>(false)

    /// Whether a server turned out to have no stream of ranges (etcd 3.6 or older).
    let lacksRangeStream = Atomic<Bool>(false)

    private struct State {
        var parts: [ObjectIdentifier: any ClientPart] = [:]
        var isShutDown = false
    }

    private let state = Mutex(State())

    init(configuration: EtcdClient.Configuration) throws(EtcdError) {
        let endpoints = try configuration.checkedEndpoints()
        try configuration.checkLimits()
        self.configuration = configuration
        self.logger = configuration.logger
        self.loop = EventLoop.shared
        let tokens = TokenKeeper(configuration.credentials)
        self.tokens = tokens
        self.sources = Mutex(EndpointSources(configured: endpoints))
        self.hasUpkeep =
            configuration.discovery != nil || configuration.endpointSyncInterval != nil
        let instruments = ClientInstruments.make(configuration)
        let observer = ConnectionObserver(logger: self.logger, instruments: instruments)
        self.instruments = instruments
        self.connections = observer
        var connections = try configuration.connectionConfiguration(for: endpoints)
        connections.onEvent = { observer.observe($0) }
        connections.probe = .etcd(asksForStatus: configuration.asksForStatus) {
            tokens.current ?? Self.bareMetadata
        }
        self.endpointSecurity = EndpointSecurity(
            prefersTLS: configuration.tls != nil
                || (!endpoints.isEmpty && endpoints.allSatisfy(\.usesTLS)),
            hasTLS: connections.tls != nil
        )
        self.identity = ClusterIdentity()
        self.leader = LeaderHint(identity: self.identity)
        let greeting = ClusterGreeting(
            configuration.asksForStatus ? .status : .watch,
            identity: self.identity,
            leader: self.leader,
            tokens: self.tokens,
            logger: configuration.logger
        )
        self.greeting = greeting
        var greeted = connections
        greeted.greeting = { connection, endpointCount, deadline, outcome in
            greeting.greet(
                connection,
                endpointCount: endpointCount,
                deadline: deadline,
                outcome: outcome
            )
        }
        self.members = MemberConnections(configuration: greeted, loop: self.loop)
        self.pool = ConnectionPool(
            endpoints: endpoints,
            configuration: greeted,
            loop: self.loop
        )
    }

    /// The endpoints that are there whatever the members tell.
    var bootstrap: [Endpoint] {
        self.sources.withLock { $0.bootstrap }
    }

    /// Changes where the endpoints come from, and the list in use with it.
    ///
    /// - Parameter change: makes the change.
    /// - Returns: the list from now on, and the one until now.
    @discardableResult
    func changeEndpoints(
        _ change: (inout EndpointSources) -> Void
    ) -> (now: [Endpoint], before: [Endpoint]) {
        let (now, before) = self.sources.withLock { sources -> ([Endpoint], [Endpoint]) in
            change(&sources)
            let list = sources.list
            guard !list.isEmpty else { return ([], []) }
            // With the lock held, so that the later of two changes is the one that stays.
            return (list, self.pool.replaceEndpoints(with: list))
        }
        // Leases may be renewed by way of the leader's own connection.
        for endpoint in before where !now.contains(endpoint) { self.members.release(endpoint) }
        return (now, before)
    }

    var isShutDown: Bool {
        self.state.withLock { $0.isShutDown }
    }

    /// The highest revision that the client has got to know by its calls.
    ///
    /// Bounds from below what "now" means to a watch that is asked for.
    var highestSeenRevision: Int64 {
        self.identity.position.revision
    }

    /// The part of this type; made if there is none.
    ///
    /// Its initialiser must not ask for other parts.
    func part<Part: ClientPart>(_ type: Part.Type) -> Part {
        self.state.withLock { state in
            if let part = state.parts[ObjectIdentifier(type)] as? Part { return part }
            let part = Part(core: self)
            // Not kept after the end, where nobody would end it; it can do nothing then anyway.
            if !state.isShutDown { state.parts[ObjectIdentifier(type)] = part }
            return part
        }
    }

    /// Ends everything, waiting for an orderly close.
    func shutdown() async {
        let parts = self.takeParts()
        for part in parts { await part.shutdown() }
        self.members.close()
        self.pool.close()
    }

    /// Ends everything at once because nobody can use the client any more.
    func abandon() {
        guard !self.isShutDown else { return }
        if self.pool.hasEverConnected {
            self.logger.warning(
                "an EtcdClient was let go without shutdown(); closing its connections"
            )
        }
        for part in self.takeParts() { part.abandon() }
        self.members.close()
        self.pool.close()
    }

    /// The store is another one, or another state of it, than what the parts know.
    func storeChanged(_ error: EtcdError) {
        let parts = self.state.withLock { Array($0.parts.values) }
        for part in parts { part.storeChanged(error) }
    }

    /// The parts there are, and whether they are all there will ever be.
    var currentParts: (parts: [any ClientPart], isShutDown: Bool) {
        self.state.withLock { (Array($0.parts.values), $0.isShutDown) }
    }

    private func takeParts() -> [any ClientPart] {
        self.state.withLock { state in
            state.isShutDown = true
            defer { state.parts = [:] }
            return Array(state.parts.values)
        }
    }
}
