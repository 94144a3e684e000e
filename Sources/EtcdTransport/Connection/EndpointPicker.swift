// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Chooses the endpoint for the next attempt and remembers which ones failed.
///
/// An endpoint that failed, or that took calls without answering them, is in quarantine until a
/// probe of it succeeds; see ``Quarantine``. The others come first, in order from a random start so
/// that clients spread over the members; then those in quarantine, the one that has been there
/// longest first. The list may change under way: what is said about an endpoint that is no longer
/// in it is ignored.
struct EndpointPicker {
    private struct Memory {
        var lastFailure: LastFailure?
        var quarantine: Quarantine?
        /// Of the quarantine before, for endpoints that recover and fail in turn.
        var strikes = 0
        var recoveredAt: ContinuousClock.Instant?
        /// How often in a row it took calls without answering them soon after it had recovered.
        var relapses = 0

        /// Whether it may be left another one for: what recovers and relapses in turn may well be slow
        /// for a reason that all members share.
        func hasRested(now: ContinuousClock.Instant) -> Bool {
            guard self.relapses > 0, let recoveredAt else { return true }
            return now - recoveredAt >= Quarantine.rest(after: self.relapses)
        }
    }

    struct LastFailure {
        let failure: ConnectionFailure
        let at: ContinuousClock.Instant
    }

    /// The list, each once.
    private(set) var endpoints: [Endpoint]
    private var memories: [Endpoint: Memory] = [:]
    private var first: Endpoint?

    /// - Parameters:
    ///   - endpoints: the list, each once; empty if it is still to be found out, and then nothing may
    ///     be asked for before it is replaced.
    ///   - start: the place of the one to try first.
    init(_ endpoints: [Endpoint], startingAt start: Int) {
        self.endpoints = endpoints
        self.first = endpoints.isEmpty ? nil : endpoints[start]
    }

    /// Takes another list; those that stay keep what is remembered of them.
    mutating func replace(with endpoints: [Endpoint]) {
        precondition(!endpoints.isEmpty, "a list has at least one endpoint")
        self.endpoints = endpoints
        self.memories = self.memories.filter { endpoints.contains($0.key) }
        if self.first.map({ !endpoints.contains($0) }) ?? true { self.first = endpoints[0] }
    }

    /// The best endpoint that is not excluded, or nil when all are.
    func next(excluding excluded: [Endpoint]) -> Endpoint? {
        let start = self.first.flatMap { self.endpoints.firstIndex(of: $0) } ?? 0
        var best: (endpoint: Endpoint, since: ContinuousClock.Instant)?
        for endpoint in self.endpoints[start...] + self.endpoints[..<start] {
            if excluded.contains(endpoint) { continue }
            guard let since = self.memories[endpoint]?.quarantine?.since else { return endpoint }
            if let best, best.since <= since { continue }
            best = (endpoint, since)
        }
        return best?.endpoint
    }

    /// Whether leaving this endpoint is of use.
    ///
    /// There must be another one that is not in quarantine, or has been there for long enough to be
    /// tried again. Those that relapse have to rest in between.
    func hasAlternative(to endpoint: Endpoint, now: ContinuousClock.Instant) -> Bool {
        self.endpoints.contains { other in
            guard other != endpoint else { return false }
            guard let memory = self.memories[other] else { return true }
            return memory.quarantine?.mayBeUsed(now: now) ?? memory.hasRested(now: now)
        }
    }

    /// What is wrong with an endpoint, until it works again.
    func failure(of endpoint: Endpoint) -> ConnectionFailure? {
        self.memories[endpoint]?.quarantine?.cause
    }

    /// What last went wrong with an endpoint, however long ago.
    func lastFailure(of endpoint: Endpoint) -> LastFailure? {
        self.memories[endpoint]?.lastFailure
    }

    func quarantine(of endpoint: Endpoint) -> Quarantine? {
        self.memories[endpoint]?.quarantine
    }

    /// The endpoint does its work: a call was answered, or a probe.
    mutating func recovered(_ endpoint: Endpoint, at now: ContinuousClock.Instant) {
        guard let quarantine = self.memories[endpoint]?.quarantine else { return }
        self.memories[endpoint]?.quarantine = nil
        self.memories[endpoint]?.strikes = quarantine.strikes
        self.memories[endpoint]?.recoveredAt = now
    }

    /// A connection was made.
    ///
    /// That ends the quarantine of an endpoint that could not be reached, and not of one that
    /// answered no calls.
    mutating func connected(_ endpoint: Endpoint, at now: ContinuousClock.Instant) {
        guard let quarantine = self.memories[endpoint]?.quarantine,
            quarantine.endsByConnecting
        else { return }
        self.recovered(endpoint, at: now)
    }

    /// The endpoint could not be reached, or a connection to it ended.
    mutating func failed(
        _ endpoint: Endpoint,
        with failure: ConnectionFailure,
        at now: ContinuousClock.Instant
    ) {
        self.confine(endpoint, because: failure, endsByConnecting: true, at: now)
    }

    /// The endpoint can be reached, but calls are not answered there, or are refused for what the
    /// member is.
    mutating func suspect(
        _ endpoint: Endpoint,
        because failure: ConnectionFailure,
        at now: ContinuousClock.Instant
    ) {
        self.confine(endpoint, because: failure, endsByConnecting: false, at: now)
    }

    private mutating func confine(
        _ endpoint: Endpoint,
        because failure: ConnectionFailure,
        endsByConnecting: Bool,
        at now: ContinuousClock.Instant
    ) {
        guard self.endpoints.contains(endpoint) else { return }
        var memory = self.memories[endpoint] ?? Memory()
        memory.lastFailure = LastFailure(failure: failure, at: now)
        if memory.quarantine != nil {
            memory.quarantine?.confirm(
                failure,
                endsByConnecting: endsByConnecting,
                at: now
            )
        } else {
            let isRelapse = memory.recoveredAt.map { now - $0 < Quarantine.memory } ?? false
            memory.relapses = isRelapse ? memory.relapses + (endsByConnecting ? 0 : 1) : 0
            memory.quarantine = Quarantine(
                because: failure,
                endsByConnecting: endsByConnecting,
                strikes: isRelapse ? memory.strikes + 1 : 0,
                at: now
            )
        }
        self.memories[endpoint] = memory
    }

    // MARK: Probes

    /// The endpoints that are to be probed now, without those that are being probed.
    func dueProbes(
        now: ContinuousClock.Instant,
        without probed: some Collection<Endpoint> = []
    ) -> [Endpoint] {
        self.endpoints.filter { endpoint in
            guard let quarantine = self.quarantine(of: endpoint) else { return false }
            return quarantine.probeAt <= now && !probed.contains(endpoint)
        }
    }

    /// When the next probe is due; nil when none is.
    func nextProbe(
        without probed: some Collection<Endpoint> = []
    ) -> ContinuousClock.Instant? {
        self.endpoints.compactMap { endpoint in
            probed.contains(endpoint) ? nil : self.quarantine(of: endpoint)?.probeAt
        }.min()
    }
}
