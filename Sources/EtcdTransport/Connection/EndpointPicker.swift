// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Chooses the endpoint for the next attempt and remembers which ones failed.
///
/// Endpoints without a recent failure come first, in order from a random start so that clients
/// spread over the members; then the others, the one whose failure is oldest first. The list may
/// change under way: what is said about an endpoint that is no longer in it is ignored.
struct EndpointPicker {
    private struct Memory {
        var failure: ConnectionFailure?
        var failedAt: ContinuousClock.Instant?
    }

    /// How long a failure counts against an endpoint.
    static let memory: Duration = .seconds(30)

    /// The list, each once.
    private(set) var endpoints: [Endpoint]
    private var memories: [Endpoint: Memory] = [:]
    private var first: Endpoint

    /// - Parameters:
    ///   - endpoints: the list, each once, at least one.
    ///   - start: the place of the one to try first.
    init(_ endpoints: [Endpoint], startingAt start: Int) {
        precondition(!endpoints.isEmpty, "the client refuses a configuration without endpoints")
        self.endpoints = endpoints
        self.first = endpoints[start]
    }

    /// Takes another list; those that stay keep what is remembered of them.
    mutating func replace(with endpoints: [Endpoint]) {
        precondition(!endpoints.isEmpty, "the endpoints of the configuration always stay")
        self.endpoints = endpoints
        self.memories = self.memories.filter { endpoints.contains($0.key) }
        if !endpoints.contains(self.first) { self.first = endpoints[0] }
    }

    /// The best endpoint that is not excluded, or nil when all are.
    func next(excluding excluded: [Endpoint], now: ContinuousClock.Instant) -> Endpoint? {
        let start = self.endpoints.firstIndex(of: self.first) ?? 0
        var best: Endpoint?
        var bestFailedAt: ContinuousClock.Instant?
        for endpoint in self.endpoints[start...] + self.endpoints[..<start] {
            if excluded.contains(endpoint) { continue }
            guard let failedAt = self.memories[endpoint]?.failedAt, now - failedAt < Self.memory
            else { return endpoint }
            if let other = bestFailedAt, other <= failedAt { continue }
            best = endpoint
            bestFailedAt = failedAt
        }
        return best
    }

    /// What last went wrong with an endpoint, until it works again.
    func failure(of endpoint: Endpoint) -> ConnectionFailure? {
        self.memories[endpoint]?.failure
    }

    mutating func succeeded(_ endpoint: Endpoint) {
        self.memories[endpoint] = nil
    }

    mutating func failed(
        _ endpoint: Endpoint,
        with failure: ConnectionFailure,
        at now: ContinuousClock.Instant
    ) {
        guard self.endpoints.contains(endpoint) else { return }
        self.memories[endpoint] = Memory(failure: failure, failedAt: now)
    }

    /// The endpoint answers, but something is wrong with it: prefer others for a while.
    mutating func suspect(_ endpoint: Endpoint, at now: ContinuousClock.Instant) {
        guard self.endpoints.contains(endpoint) else { return }
        self.memories[endpoint, default: Memory()].failedAt = now
    }
}
