// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when a connection is asked for a sign of life, when it is suspect and when it is dead.
///
/// ```
///             no answer for                still none
///             `askAfter`                   after `patience`
///   trusted ────────────────▶ asked ────────────────────▶ suspect ↺ again after `patience`
///      ▲                        │                            │
///      └────── an answer ───────┴────────────────────────────┘
/// ```
///
/// Two things are watched. *Answers*: calls that should be answered soon are waiting, and nothing
/// that needs the whole cluster gets answered. The member is asked something of that kind, so that
/// calls that are merely slow do not count against it; if that stays without an answer, too, the
/// member is of no use, be it frozen, cut off from the others or defragmenting. *Bytes*: while
/// anything is open a silent peer gets a PING; if that is not answered soon, the connection is
/// suspect, and if not within `keepAliveTimeout`, dead.
///
/// A default etcd counts a PING less than 5 s after the one before as abuse, and each without an
/// open stream; more than two of them end the connection, unless it has sent something in between.
/// So PINGs keep a distance, whatever asks for them.
struct ConnectionLiveness {
    struct Settings: Sendable, Hashable {
        /// How long a connection with open streams may be silent before a PING goes out.
        var keepAliveInterval: Duration = .seconds(10)
        /// How long the answer to a PING may take.
        var keepAliveTimeout: Duration = .seconds(4)
        /// How long calls may wait before the member is asked.
        var askAfter: Duration = .milliseconds(400)
        /// How long the answer may take before the connection is suspect; longer over a slow line.
        var patience: Duration = .milliseconds(500)
        /// The least time between two PINGs.
        var pingDistance: Duration = .milliseconds(5500)
    }

    /// What the connection sees.
    struct Facts {
        var now: ContinuousClock.Instant
        /// When the last byte came.
        var lastReceived: ContinuousClock.Instant
        /// When the last answer came that shows that the member can do all its work.
        var lastAnswered: ContinuousClock.Instant
        /// The shortest time in which the peer has answered anything.
        var roundTrip: Duration = .zero
        /// How long answers may take at least, as answers of late suggest.
        var answerPatience: Duration = .zero
        /// Whether calls are still sent; one that is being left is not asked anything.
        var takesCalls = true
        /// When the call or stream began that is open longest; nil: nothing is open.
        var openSince: ContinuousClock.Instant?
        /// When the call began that waits for its answer longest.
        var oldestCall: ContinuousClock.Instant?
        /// The same, of those whose answers are due soon.
        var oldestPromptCall: ContinuousClock.Instant?
    }

    enum Action: Hashable {
        /// Send a PING.
        case ping
        /// Make a call that a member in order answers soon.
        case ask
        /// Tell that the connection is suspect: its peer is silent, or does not answer calls.
        case suspect(isSilent: Bool)
        /// End the connection.
        case end
    }

    /// A check that comes so much too late says that this process stood still, not the peer.
    private static let standstill: Duration = .milliseconds(500)

    let settings: Settings
    private var pingedAt: ContinuousClock.Instant?
    private var askedAt: ContinuousClock.Instant?
    private var suspectedAt: ContinuousClock.Instant?
    /// When another connection to the peer found something wrong with it.
    private var doubtedAt: ContinuousClock.Instant?
    /// The end of the last standstill: of the time before nothing is concluded.
    private var stoodStillUntil: ContinuousClock.Instant?
    private var checkAt: ContinuousClock.Instant?

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// Another connection to the peer found something wrong with it: check at once.
    mutating func doubt(now: ContinuousClock.Instant) {
        // As if a call had waited for so long.
        self.doubtedAt = now - self.settings.askAfter
    }

    /// Looks at what there is, and says what to do and when to look again.
    mutating func check(_ facts: Facts) -> (actions: [Action], next: ContinuousClock.Instant?) {
        if let due = self.checkAt, facts.now - due >= Self.standstill {
            self.stoodStillUntil = facts.now
        }
        if let doubtedAt, facts.lastAnswered > doubtedAt { self.doubtedAt = nil }
        var actions: [Action] = []
        let forBytes = self.checkBytes(facts, &actions)
        guard actions != [.end] else { return (actions, nil) }
        let forAnswers = self.checkAnswers(facts, &actions)
        self.checkAt = [forBytes, forAnswers].compactMap { $0 }.min()
        return (actions, self.checkAt)
    }

    private mutating func checkBytes(
        _ facts: Facts,
        _ actions: inout [Action]
    ) -> ContinuousClock.Instant? {
        guard let openSince = facts.openSince else { return nil }
        let patience = self.pingPatience(facts)
        if let pingedAt, facts.lastReceived < pingedAt {
            let start = self.moving(since: pingedAt)
            let end = start + self.settings.keepAliveTimeout
            guard facts.now < end else {
                actions.append(.end)
                return nil
            }
            return min(end, self.suspectIfDue(askedAt: start, patience, facts, &actions))
        }
        var due =
            self.moving(since: max(facts.lastReceived, openSince))
            + self.settings.keepAliveInterval
        if let oldest = facts.oldestCall {
            let silentSince = self.moving(since: max(facts.lastReceived, oldest))
            due = min(due, silentSince + self.settings.askAfter)
        }
        if let pingedAt { due = max(due, pingedAt + self.settings.pingDistance) }
        guard facts.now >= due else { return due }
        self.pingedAt = facts.now
        actions.append(.ping)
        return facts.now + patience
    }

    private mutating func checkAnswers(
        _ facts: Facts,
        _ actions: inout [Action]
    ) -> ContinuousClock.Instant? {
        let patience = self.answerPatience(facts)
        let oldest = [facts.oldestPromptCall, self.doubtedAt].compactMap { $0 }.min()
        if let askedAt, facts.lastAnswered > askedAt { self.askedAt = nil }
        guard let oldest, facts.takesCalls else {
            self.askedAt = nil
            return nil
        }
        if let askedAt {
            let actionCount = actions.count
            let next = self.suspectIfDue(
                askedAt: self.moving(since: askedAt),
                patience,
                facts,
                &actions
            )
            if actions.count > actionCount {
                // That question has had its time, and its answer may be an error: ask again.
                self.askedAt = facts.now
                actions.append(.ask)
            }
            return next
        }
        let due =
            self.moving(since: max(facts.lastAnswered, oldest)) + self.settings.askAfter
        guard facts.now >= due else { return due }
        self.askedAt = facts.now
        actions.append(.ask)
        return facts.now + patience
    }

    /// - Returns: when to look again.
    private mutating func suspectIfDue(
        askedAt: ContinuousClock.Instant,
        _ patience: Duration,
        _ facts: Facts,
        _ actions: inout [Action]
    ) -> ContinuousClock.Instant {
        let start = self.suspectedAt.map { max($0, askedAt) } ?? askedAt
        guard facts.now >= start + patience else { return start + patience }
        self.suspectedAt = facts.now
        let isSilent = self.pingedAt.map { facts.lastReceived < $0 } ?? false
        actions.append(.suspect(isSilent: isSilent))
        return facts.now + patience
    }

    /// How long a PING may be unanswered: over a slow line longer than elsewhere.
    private func pingPatience(_ facts: Facts) -> Duration {
        min(max(self.settings.patience, facts.roundTrip * 4), self.settings.keepAliveTimeout)
    }

    /// The same for questions.
    private func answerPatience(_ facts: Facts) -> Duration {
        max(
            self.settings.patience,
            min(max(facts.answerPatience, facts.roundTrip * 4), self.settings.keepAliveTimeout)
        )
    }

    /// The time, or the end of the last standstill if that was later.
    private func moving(since time: ContinuousClock.Instant) -> ContinuousClock.Instant {
        self.stoodStillUntil.map { max(time, $0) } ?? time
    }
}
