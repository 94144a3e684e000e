// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Decides when a client asks for a token, and who waits for it.
///
/// ```
///              request               obtained
///   missing ────────────▶ fetching ────────────▶ present
///    ▲  ▲                  │    │                   │
///    │  │      may help    │    │ final             │ rejected
///    │  └──────later───────┘    ▼                   │
///    │  request, later       refused                │
///    │  ◀───────────────────────┘                   │
///    └──────────────────────────────────────────────┘
///   any ── replaced ──▶ missing; fetching anew if somebody waits
/// ```
///
/// Getting a token is dear for the server: it hashes the password, on purpose slowly, and all
/// members agree on the token. So one request serves all who wait; tokens that are refused soon after
/// they were given are replaced ever more slowly; and who was refused for a lasting reason is not
/// asked for again for a while.
struct TokenStateMachine: ~Copyable {
    typealias WaiterID = Int
    /// Tells a request for a token from those before it.
    typealias FetchID = Int
    typealias Instant = ContinuousClock.Instant

    /// A token that served for so long was a good one.
    private static let provenLife: Duration = .seconds(1)

    private enum State {
        /// There is nothing to get; calls go without, or with what was given.
        case settled
        case missing
        case fetching(FetchID)
        case present(since: Instant)
        case refused(until: Instant)
    }

    private var state: State
    /// Who waits for the token that is being fetched.
    private var waiters: Set<WaiterID> = []
    private var lastFetch: FetchID = 0
    /// The number of the newest token.
    private(set) var generation: UInt64 = 0
    /// Between tokens that do not last.
    private var pace = Backoff(first: .milliseconds(50), cap: .seconds(1))
    private var isPaced = false
    /// After refusals.
    private var patience = Backoff(first: .milliseconds(100), cap: .seconds(5))

    /// Makes a machine.
    ///
    /// - Parameter canFetch: Whether there is anything to get a token with.
    init(canFetch: Bool) {
        self.state = canFetch ? .missing : .settled
    }

    /// Whether a rejected token can be replaced by another one.
    var canFetch: Bool {
        if case .settled = self.state { false } else { true }
    }

    /// Whether there is a token, for diagnostics.
    var diagnosticState: EtcdDiagnostics.TokenState {
        switch self.state {
        case .settled: .notNeeded
        case .missing: .missing
        case .fetching: .fetching
        case .present: .present
        case .refused: .refused
        }
    }

    enum RequestAction: Equatable {
        /// Use the one there is.
        case use
        /// Ask for one after a random part of the pause, and wait.
        case fetch(FetchID, pause: Duration)
        /// Wait.
        case wait
        /// Fail as the last request for a token did.
        case refuse
    }

    /// A call needs a token.
    mutating func request(_ waiter: WaiterID, now: Instant) -> RequestAction {
        switch self.state {
        case .settled, .present:
            return .use
        case .refused(let until) where now < until:
            return .refuse
        case .missing, .refused:
            self.waiters = [waiter]
            return .fetch(self.fetch(), pause: self.isPaced ? self.pace.next() : .zero)
        case .fetching:
            self.waiters.insert(waiter)
            return .wait
        }
    }

    /// A call no longer waits.
    mutating func waiterLeft(_ waiter: WaiterID) {
        self.waiters.remove(waiter)
    }

    enum ObtainedAction: Equatable {
        /// Keep the token under this number and give it to these.
        case serve([WaiterID], generation: UInt64)
        /// It belongs to other credentials.
        case ignore
    }

    /// The server gave a token, or said that none is needed.
    mutating func obtained(_ fetch: FetchID, now: Instant) -> ObtainedAction {
        guard case .fetching(fetch) = self.state else { return .ignore }
        self.state = .present(since: now)
        self.generation += 1
        self.patience.reset()
        return .serve(self.takeWaiters(), generation: self.generation)
    }

    enum FailedAction: Equatable {
        /// Tell these.
        case fail([WaiterID])
        /// It concerned other credentials.
        case ignore
    }

    /// There is no token.
    ///
    /// - Parameters:
    ///   - fetch: Which request failed.
    ///   - isFinal: Whether asking again would end in the same way until somebody mends something.
    ///   - now: The present moment.
    ///   - jitter: From 0 to 1: clients that were refused together do not come back together.
    /// - Returns: What to do.
    mutating func failed(
        _ fetch: FetchID,
        isFinal: Bool,
        now: Instant,
        jitter: Double
    ) -> FailedAction {
        guard case .fetching(fetch) = self.state else { return .ignore }
        if isFinal {
            let bound = self.patience.next()
            self.state = .refused(until: now + bound / 2 + bound / 2 * jitter)
        } else {
            self.state = .missing
            self.isPaced = true
        }
        return .fail(self.takeWaiters())
    }

    enum RejectedAction: Equatable {
        /// Forget the token.
        case forget
        /// There is a newer one, or it is being fetched, or there is nothing to get one with.
        case ignore
    }

    /// The server refused a call that carried the token of this generation.
    mutating func rejected(_ generation: UInt64, now: Instant) -> RejectedAction {
        guard case .present(let since) = self.state, generation == self.generation else {
            return .ignore
        }
        self.isPaced = now - since < Self.provenLife
        if !self.isPaced { self.pace.reset() }
        self.state = .missing
        return .forget
    }

    enum ReplacedAction: Equatable {
        /// Ask for a token with the new credentials: somebody waits.
        case fetch(FetchID)
        /// Keep what was given under this number, if anything was, and give it to these.
        case settle([WaiterID], generation: UInt64)
        /// Nobody needs a token yet.
        case none
    }

    /// There are other credentials; what was obtained or is being fetched counts for nothing.
    mutating func replaced(canFetch: Bool) -> ReplacedAction {
        self.pace.reset()
        self.patience.reset()
        self.isPaced = false
        guard canFetch else {
            self.state = .settled
            self.generation += 1
            return .settle(self.takeWaiters(), generation: self.generation)
        }
        guard !self.waiters.isEmpty else {
            self.state = .missing
            return .none
        }
        return .fetch(self.fetch())
    }

    private mutating func fetch() -> FetchID {
        self.lastFetch += 1
        self.state = .fetching(self.lastFetch)
        return self.lastFetch
    }

    /// Those who wait, in the order they came.
    private mutating func takeWaiters() -> [WaiterID] {
        defer { self.waiters = [] }
        return self.waiters.sorted()
    }
}
