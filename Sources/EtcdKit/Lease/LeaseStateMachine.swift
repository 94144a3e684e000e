// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when a lease is renewed, over which way, and until when it can be relied on.
///
/// ```
///            renewal due            unanswered             unanswered
///   resting ────────────▶ stream ─────────────▶ + call ─────────────▶ + the other way again …
///      ▲                    │                     │
///      └──── answered ──────┴─────────────────────┘
///
///   at any moment: deadline passed · server does not know the lease · closed ──▶ over
/// ```
///
/// There are two ways to renew: a stream, which other leases may share, and a single call over
/// another connection, to another member if there is one. The call follows when the stream does not
/// answer; the first answer counts. On either way at most one renewal is on its way. When both were
/// tried twice the pauses grow, so that many long leases do not add to what makes servers slow, and
/// shrink again as the deadline comes near.
///
/// The server counts from the moment it handles a renewal, so the lease lives at least until the
/// moment the renewal was *sent* plus its time to live. The deadline lies a margin before that.
/// Whether it has passed is judged by the time given with each event; once it was found passed, a
/// late answer does not bring the lease back, because somebody may have acted on the loss.
struct LeaseStateMachine: ~Copyable {
    typealias Instant = ContinuousClock.Instant
    typealias LossReason = EtcdLeaseSession.LossReason

    /// How a renewal travels.
    enum Way: Hashable, Sendable {
        case stream
        case call
    }

    private enum Phase {
        case alive
        /// The server claims not to know a lease that was granted just now.
        case verifying
        case over(LossReason)
    }

    private var phase: Phase = .alive
    /// When the last confirmed renewal, or the grant, was sent.
    private var confirmedAt: Instant
    private var ttl: Duration
    /// When the renewals that are not answered were sent.
    private var pending: [Way: Instant] = [:]
    private var lastWay: Way?
    /// Before this moment no further renewal goes out.
    private var retryAt: Instant?
    /// How many renewals went out since the last answer.
    private var attempts = 0
    /// Whether the one immediate retry after a failure was used since the last answer.
    private var hasRetriedAtOnce = false
    /// Whether the server has answered a renewal, so that it is known to know the lease.
    private var wasRenewed = false
    private var lastFailure: EtcdError?

    /// A lease was granted.
    ///
    /// - Parameters:
    ///   - ttl: The time to live granted.
    ///   - sentAt: When the request for the grant was sent.
    init(ttl: Duration, sentAt: Instant) {
        self.ttl = ttl
        self.confirmedAt = sentAt
    }

    /// How long before the server can expire the lease it counts as lost.
    static func margin(ttl: Duration) -> Duration {
        min(max(ttl / 10, .milliseconds(500)), .seconds(3), ttl / 2)
    }

    /// How many renewals go unanswered before the pauses between them grow.
    private static let promptAttempts = 4

    /// How long an answer may take before the other way is tried.
    private var patience: Duration { min(self.ttl / 6, .seconds(1)) }

    private var renewalDue: Instant { self.confirmedAt + self.ttl / 3 }

    /// The moment from which on the lease must not be relied on.
    var deadline: Instant { self.confirmedAt + self.ttl - Self.margin(ttl: self.ttl) }

    /// Whether the lease is over.
    var isOver: Bool {
        if case .over = self.phase { return true }
        return false
    }

    /// Whether a renewal was sent that is not answered.
    var isBeingRenewed: Bool { !self.pending.isEmpty }

    /// What the lease is worth at a moment.
    mutating func state(at now: Instant) -> EtcdLeaseSession.State {
        self.judge(at: now)
        if case .over(let reason) = self.phase { return .lost(reason) }
        return now < self.renewalDue + self.patience
            ? .live(until: self.deadline) : .suspect(until: self.deadline)
    }

    /// When ``tick(now:)`` has something to do; nil once the lease is over.
    func nextWake(after now: Instant) -> Instant? {
        switch self.phase {
        case .over:
            return nil
        case .verifying:
            return self.deadline
        case .alive:
            let attempt = max(self.renewalDue, self.retryAt ?? self.renewalDue)
            let overdue = self.renewalDue + self.patience
            return min(self.deadline, now < overdue ? min(attempt, overdue) : attempt)
        }
    }
}

// MARK: - Events

extension LeaseStateMachine {
    enum Action: Equatable {
        /// Send a renewal, also if one is already on its way there.
        case renew(Way)
        /// Ask whether the server knows the lease, and report ``verified(isKnown:now:)``.
        case verify
        /// Stop everything: the lease is lost.
        case lost(LossReason)
        /// Wait.
        case none
    }

    /// Time has passed.
    mutating func tick(now: Instant) -> Action {
        switch self.phase {
        case .over:
            return .none
        case .verifying:
            return self.judge(at: now)
        case .alive:
            let judgement = self.judge(at: now)
            guard judgement == .none else { return judgement }
            return self.attempt(now: now)
        }
    }

    /// The server answered a renewal.
    ///
    /// - Parameters:
    ///   - way: How the renewal travelled.
    ///   - sentAt: When it was sent.
    ///   - ttl: The time to live in the answer; zero if the server does not know the lease.
    ///   - now: The present moment.
    /// - Returns: What to do.
    mutating func answered(
        _ way: Way,
        sentAt: Instant,
        ttl: Duration,
        now: Instant
    ) -> Action {
        guard !self.isOver else { return .none }
        self.pending[way] = nil
        let judgement = self.judge(at: now)
        guard judgement == .none else { return judgement }
        guard ttl > .zero else { return self.serverDisclaims() }
        self.phase = .alive
        self.wasRenewed = true
        self.ttl = ttl
        self.confirmedAt = max(self.confirmedAt, sentAt)
        self.retryAt = nil
        self.lastWay = nil
        self.attempts = 0
        self.hasRetriedAtOnce = false
        self.lastFailure = nil
        return .none
    }

    /// A renewal got no answer and never will.
    mutating func failed(_ way: Way, _ error: EtcdError, now: Instant) -> Action {
        guard !self.isOver else { return .none }
        let wasPending = self.pending.removeValue(forKey: way) != nil
        self.lastFailure = error
        let judgement = self.judge(at: now)
        guard judgement == .none, wasPending, case .alive = self.phase else { return judgement }
        guard !self.hasRetriedAtOnce else { return .none }
        self.hasRetriedAtOnce = true
        self.retryAt = now
        return self.attempt(now: now)
    }

    /// The answer to ``Action/verify``.
    ///
    /// - Parameters:
    ///   - isKnown: Whether the server knows the lease; nil if it could not be asked.
    ///   - now: The present moment.
    /// - Returns: What to do.
    mutating func verified(isKnown: Bool?, now: Instant) -> Action {
        guard case .verifying = self.phase else { return .none }
        let judgement = self.judge(at: now)
        guard judgement == .none else { return judgement }
        if isKnown == false { return self.end(.revoked) }
        self.phase = .alive
        self.retryAt = now + self.patience
        return .none
    }

    /// The owner ends the session.
    mutating func close(_ reason: LossReason) -> Action {
        self.isOver ? .none : self.end(reason)
    }
}

// MARK: - Shared steps

extension LeaseStateMachine {
    private mutating func end(_ reason: LossReason) -> Action {
        self.phase = .over(reason)
        self.pending = [:]
        return .lost(reason)
    }

    @discardableResult
    private mutating func judge(at now: Instant) -> Action {
        guard !self.isOver, now >= self.deadline else { return .none }
        return self.end(.expired(after: self.lastFailure))
    }

    private mutating func attempt(now: Instant) -> Action {
        guard now >= self.renewalDue, now >= self.retryAt ?? now else { return .none }
        // A round begins with the stream, even with one that owes an answer since the last round,
        // and then takes turns.
        let way: Way = self.lastWay == .stream ? .call : .stream
        self.pending[way] = now
        self.lastWay = way
        self.attempts += 1
        self.retryAt = now + self.pause(before: self.deadline - now)
        return .renew(way)
    }

    /// How long to wait for an answer with so much time left.
    private func pause(before deadline: Duration) -> Duration {
        let doublings = min(max(self.attempts - Self.promptAttempts, 0), 10)
        return max(self.patience, min(self.patience * (1 << doublings), deadline / 4))
    }

    private mutating func serverDisclaims() -> Action {
        // A member that lags behind may not have heard of a lease granted by another just now.
        if !self.wasRenewed, case .alive = self.phase {
            self.phase = .verifying
            self.wasRenewed = true
            return .verify
        }
        return self.end(.revoked)
    }
}
