// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a pool keeps behind its lock: the slots of all roles and the connections they talk of.
struct ConnectionPoolState: ~Copyable {
    /// A connection that is given out.
    struct Ready {
        let dial: ConnectionSlot.Dial
        let connection: Connection
    }

    private var unary = ConnectionSlot()
    private var streams = ConnectionSlot()
    private var leases = ConnectionSlot()
    private var readyUnary: Ready?
    private var readyStreams: Ready?
    private var readyLeases: Ready?
    private var lastID = 0
    var picker: EndpointPicker
    /// Every connection that has not ended, given out or not.
    var connections: [ConnectionSlot.Dial: Connection] = [:]
    var waiters: [ConnectionSlot.WaiterID: ConnectionPool.ConnectionWaiter] = [:]
    var hasEverConnected = false
    private var lastReplacement: ContinuousClock.Instant?
    var renewals = ConnectionRenewals()
    /// Connections that probe endpoints in quarantine.
    private var probes: [Endpoint: Connection] = [:]
    /// When probes are looked after next.
    var probeTimer: EventLoopTimer?
    /// How much longer the pauses between PINGs are, for endpoints that found them too short.
    private var pingFactors: [Endpoint: PingFactor] = [:]
    private var isShutDown = false

    init(picker: EndpointPicker) {
        self.picker = picker
    }

    mutating func nextID() -> Int {
        self.lastID += 1
        return self.lastID
    }

    subscript(ready role: ConnectionRole) -> Ready? {
        get {
            switch role {
            case .unary: self.readyUnary
            case .streams: self.readyStreams
            case .leases: self.readyLeases
            }
        }
        set {
            switch role {
            case .unary: self.readyUnary = newValue
            case .streams: self.readyStreams = newValue
            case .leases: self.readyLeases = newValue
            }
        }
    }

    /// Whether a connection may be given up on suspicion alone; not too often, as a busy server
    /// gains nothing from new connections.
    mutating func mayReplace(now: ContinuousClock.Instant, interval: Duration) -> Bool {
        if let last = self.lastReplacement, now - last < interval { return false }
        self.lastReplacement = now
        return true
    }

    /// Stops giving out a connection that has ended or was told to go.
    mutating func forgetUnusable(_ role: ConnectionRole) {
        guard let ready = self[ready: role], !ready.connection.isUsable else { return }
        if self.leave(ready.dial, role) {
            // What exactly happened is told when its last call has ended.
            self.picker.failed(
                ready.dial.endpoint,
                with: .closedByPeer(phase: "in use"),
                at: .now
            )
        }
    }

    /// Whether the connection is given out.
    func isInUse(_ connection: Connection) -> Bool {
        ConnectionRole.allCases.contains { self[ready: $0]?.connection === connection }
    }

    /// Whether there is a connection that can be used.
    var hasUsableConnection: Bool {
        ConnectionRole.allCases.contains { self[ready: $0]?.connection.isUsable ?? false }
    }

    /// The connections that are given out and lead there.
    func connectionsInUse(to endpoint: Endpoint) -> [Connection] {
        ConnectionRole.allCases.compactMap { self[ready: $0]?.connection }
            .filter { $0.endpoint == endpoint }
    }

    // MARK: Probes

    /// Each endpoint has one probe at a time, whatever else is heard of it meanwhile.
    mutating func addProbe(_ connection: Connection) -> Bool {
        guard !self.isShutDown, self.probes[connection.endpoint] == nil else { return false }
        self.probes[connection.endpoint] = connection
        return true
    }

    /// False when this is not the endpoint's probe any more.
    mutating func removeProbe(_ connection: Connection) -> Bool {
        guard self.probes[connection.endpoint] === connection else { return false }
        self.probes[connection.endpoint] = nil
        return true
    }

    func dueProbes(now: ContinuousClock.Instant) -> [Endpoint] {
        self.picker.dueProbes(now: now, without: self.probes.keys)
    }

    /// When the next probe is due; nil when none is.
    var nextProbe: ContinuousClock.Instant? {
        self.picker.nextProbe(without: self.probes.keys)
    }

    /// The pool ends.
    mutating func takeProbes() -> [Connection] {
        self.isShutDown = true
        self.probeTimer?.cancel()
        self.probeTimer = nil
        defer { self.probes = [:] }
        return Array(self.probes.values)
    }

    // MARK: PINGs

    /// HTTP/2's ENHANCE_YOUR_CALM (RFC 9113, section 7): the server takes our PINGs for too many.
    mutating func noteGoAway(_ failure: ConnectionFailure, from endpoint: Endpoint) {
        guard case .goAway(code: 11, _) = failure else { return }
        let now = ContinuousClock.now
        self.pingFactors[endpoint, default: PingFactor(now: now)].grow(now: now)
    }

    func configuration(
        _ configuration: ConnectionConfiguration,
        for endpoint: Endpoint
    ) -> ConnectionConfiguration {
        var configuration = configuration
        configuration.pingFactor = self.pingFactors[endpoint]?.value(now: .now) ?? 1
        return configuration
    }

    /// Takes the connection from whichever role it serves, for what is wrong with its endpoint;
    /// false when it serves none.
    mutating func release(
        _ connection: Connection,
        because failure: ConnectionFailure,
        now: ContinuousClock.Instant
    ) -> Bool {
        for role in ConnectionRole.allCases {
            guard let ready = self[ready: role], ready.connection === connection else { continue }
            self.picker.suspect(ready.dial.endpoint, because: failure, at: now)
            connection.retire()
            return self.leave(ready.dial, role)
        }
        return false
    }

    /// Takes other endpoints from now on.
    mutating func replaceEndpoints(with endpoints: [Endpoint]) {
        self.picker.replace(with: endpoints)
        self.pingFactors = self.pingFactors.filter { endpoints.contains($0.key) }
    }

    /// Stops giving out the connections to endpoints that are not in the list.
    mutating func releaseUnlisted() -> [Connection] {
        let listed = self.picker.endpoints
        return self.release { !listed.contains($0) }
    }

    /// Stops giving out the connections there are.
    mutating func releaseAll() -> [Connection] {
        self.release { _ in true }
    }

    private mutating func release(where isConcerned: (Endpoint) -> Bool) -> [Connection] {
        var released: [Connection] = []
        for role in ConnectionRole.allCases {
            guard let ready = self[ready: role], isConcerned(ready.dial.endpoint),
                self.leave(ready.dial, role)
            else { continue }
            ready.connection.retire()
            released.append(ready.connection)
        }
        return released
    }

    mutating func leave(_ dial: ConnectionSlot.Dial, _ role: ConnectionRole) -> Bool {
        let action =
            switch role {
            case .unary: self.unary.leave(dial)
            case .streams: self.streams.leave(dial)
            case .leases: self.leases.leave(dial)
            }
        switch action {
        case .release:
            self[ready: role] = nil
            return true
        case .none:
            return false
        }
    }

    mutating func request(
        _ role: ConnectionRole,
        waiter: ConnectionSlot.WaiterID,
        dialID: Int
    ) -> ConnectionSlot.RequestAction {
        switch role {
        case .unary:
            self.unary.request(waiter, dialID: dialID, picker: self.picker)
        case .streams:
            self.streams.request(waiter, dialID: dialID, picker: self.picker)
        case .leases:
            self.leases.request(waiter, dialID: dialID, picker: self.picker)
        }
    }

    mutating func waiterLeft(_ waiter: ConnectionSlot.WaiterID, _ role: ConnectionRole) {
        switch role {
        case .unary: self.unary.waiterLeft(waiter)
        case .streams: self.streams.waiterLeft(waiter)
        case .leases: self.leases.waiterLeft(waiter)
        }
    }

    mutating func succeeded(
        _ dial: ConnectionSlot.Dial,
        _ role: ConnectionRole
    ) -> ConnectionSlot.SucceededAction {
        switch role {
        case .unary: self.unary.succeeded(dial, picker: &self.picker, now: .now)
        case .streams: self.streams.succeeded(dial, picker: &self.picker, now: .now)
        case .leases: self.leases.succeeded(dial, picker: &self.picker, now: .now)
        }
    }

    mutating func failed(
        _ dial: ConnectionSlot.Dial,
        _ role: ConnectionRole,
        with failure: ConnectionFailure
    ) -> ConnectionSlot.FailedAction {
        let next = self.nextID()
        return switch role {
        case .unary:
            self.unary.failed(
                dial,
                with: failure,
                nextDialID: next,
                picker: &self.picker,
                now: .now
            )
        case .streams:
            self.streams.failed(
                dial,
                with: failure,
                nextDialID: next,
                picker: &self.picker,
                now: .now
            )
        case .leases:
            self.leases.failed(
                dial,
                with: failure,
                nextDialID: next,
                picker: &self.picker,
                now: .now
            )
        }
    }

    mutating func isSlow(
        _ dial: ConnectionSlot.Dial,
        _ role: ConnectionRole
    ) -> ConnectionSlot.DialAction {
        let next = self.nextID()
        return switch role {
        case .unary:
            self.unary.isSlow(dial, nextDialID: next, picker: self.picker)
        case .streams:
            self.streams.isSlow(dial, nextDialID: next, picker: self.picker)
        case .leases:
            self.leases.isSlow(dial, nextDialID: next, picker: self.picker)
        }
    }

    mutating func backOffElapsed(_ role: ConnectionRole) -> ConnectionSlot.DialAction {
        let next = self.nextID()
        return switch role {
        case .unary:
            self.unary.backOffElapsed(nextDialID: next, picker: self.picker)
        case .streams:
            self.streams.backOffElapsed(nextDialID: next, picker: self.picker)
        case .leases:
            self.leases.backOffElapsed(nextDialID: next, picker: self.picker)
        }
    }

    mutating func renewed(
        _ old: ConnectionSlot.Dial,
        by new: ConnectionSlot.Dial,
        _ role: ConnectionRole
    ) -> ConnectionSlot.RenewedAction {
        switch role {
        case .unary: self.unary.renewed(old, by: new)
        case .streams: self.streams.renewed(old, by: new)
        case .leases: self.leases.renewed(old, by: new)
        }
    }

    mutating func shutDown(_ role: ConnectionRole) -> ConnectionSlot.ShutDownAction {
        self[ready: role] = nil
        return switch role {
        case .unary: self.unary.shutDown()
        case .streams: self.streams.shutDown()
        case .leases: self.leases.shutDown()
        }
    }
}
