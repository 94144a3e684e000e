// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Chooses the endpoint for the next attempt and remembers which ones failed.
///
/// Endpoints without a recent failure come first, in order from a random start so that clients
/// spread over the members; then the others, the one whose failure is oldest first.
struct EndpointPicker {
    private struct Memory {
        var failure: ConnectionFailure?
        var failedAt: ContinuousClock.Instant?
    }

    /// How long a failure counts against an endpoint.
    static let memory: Duration = .seconds(30)

    private var endpoints: [Memory]
    private let start: Int

    init(count: Int, start: Int) {
        precondition(count > 0, "the client refuses a configuration without endpoints")
        self.endpoints = Array(repeating: Memory(), count: count)
        self.start = start
    }

    var count: Int {
        self.endpoints.count
    }

    /// The best endpoint that is not excluded, or nil when all are.
    func next(excluding excluded: [Int], now: ContinuousClock.Instant) -> Int? {
        var best: Int?
        var bestFailedAt: ContinuousClock.Instant?
        for offset in self.endpoints.indices {
            let index = (self.start + offset) % self.endpoints.count
            if excluded.contains(index) { continue }
            guard let failedAt = self.endpoints[index].failedAt, now - failedAt < Self.memory
            else { return index }
            if let other = bestFailedAt, other <= failedAt { continue }
            best = index
            bestFailedAt = failedAt
        }
        return best
    }

    /// What last went wrong with an endpoint, until it works again.
    func failure(of index: Int) -> ConnectionFailure? {
        self.endpoints[index].failure
    }

    mutating func succeeded(_ index: Int) {
        self.endpoints[index] = Memory()
    }

    mutating func failed(
        _ index: Int,
        with failure: ConnectionFailure,
        at now: ContinuousClock.Instant
    ) {
        self.endpoints[index] = Memory(failure: failure, failedAt: now)
    }

    /// The endpoint answers, but something is wrong with it: prefer others for a while.
    mutating func suspect(_ index: Int, at now: ContinuousClock.Instant) {
        self.endpoints[index].failedAt = now
    }
}
