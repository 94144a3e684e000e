// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// The attempts of one call: decides after each whether there is another, and when.
struct CallCourse {
    /// When the call ends, whatever happens.
    let deadline: ContinuousClock.Instant
    let start: ContinuousClock.Instant
    let isRepeatable: Bool
    /// Whether the call is for one member and goes to no other.
    private let isAddressed: Bool
    /// Whether an answer that contradicts earlier ones was asked for again.
    var isContradictionChecked = false
    private var attempts = 0
    private var wasTokenRefused = false
    /// Whether the last attempt's token was refused, and one before it as well.
    private(set) var isTokenUnknown = false
    private var endpoints = 1
    private var moves = 0
    private var backoff = Backoff(first: .milliseconds(20), cap: .seconds(2))

    init(
        start: ContinuousClock.Instant = .now,
        timeout: Duration,
        isRepeatable: Bool,
        isAddressed: Bool = false
    ) {
        self.start = start
        self.deadline = start + timeout.clamped
        self.isRepeatable = isRepeatable
        self.isAddressed = isAddressed
    }

    /// When the next attempt ends.
    ///
    /// A repeatable call whose member nobody judges while it waits leaves time for the other members in
    /// case this one hangs: half of what is left, until each had its turn. Others have all the time there
    /// is: a member that hangs is left long before, and a write has one attempt.
    mutating func nextAttemptDeadline(
        endpoints: Int,
        isJudged: Bool,
        now: ContinuousClock.Instant? = nil
    ) -> ContinuousClock.Instant {
        self.attempts += 1
        self.endpoints = endpoints
        guard self.isRepeatable, !isJudged, self.attempts < endpoints else { return self.deadline }
        let now = now ?? .now
        let left = self.deadline - now
        return left > .seconds(1) ? now + left / 2 : self.deadline
    }

    /// Whether an answer that cannot be read is worth another attempt, at another endpoint.
    var canGoElsewhere: Bool { self.isRepeatable && self.attempts < self.endpoints }

    /// Whether the call may leave a member that turns out to be useless before it has an answer.
    ///
    /// It goes round the members once. Where none of them answers, for want of a leader say, it
    /// stays with the last one.
    func mayMove(endpoints: Int) -> Bool {
        self.isRepeatable && self.moves < max(1, endpoints - 1)
    }

    /// What to say of an answer that cannot be read: a write was executed all the same.
    func failure(ofUnreadable error: EtcdError) -> EtcdError {
        self.isRepeatable ? error : .ambiguous(error)
    }

    enum Next {
        /// Try again, after this pause if there is one.
        case again(after: Duration?)
        case fail(EtcdError)
    }

    /// What to do after an attempt that failed.
    mutating func next(
        after verdict: CallVerdict,
        now: ContinuousClock.Instant,
        canRenewToken: Bool
    ) -> Next {
        let isSafe = self.isRepeatable || verdict.execution == .no
        guard isSafe else { return .fail(.ambiguous(verdict.error)) }
        switch verdict.remedy {
        case .none:
            return .fail(verdict.error)
        case .notHere where self.attempts >= self.endpoints:
            return .fail(verdict.error)
        case .newToken where !canRenewToken:
            return .fail(verdict.error)
        case .newToken where self.isAddressed && self.wasTokenRefused && verdict.error.wantsUser:
            // Another member gives the tokens, and this one does not know them.
            return .fail(verdict.error)
        case .elsewhere
        where self.isAddressed
            && (verdict.error.code == .unsupported || verdict.error.code == .clusterChanged):
            // There is no elsewhere, and waiting neither teaches it nor makes it the client's own.
            return .fail(verdict.error)
        case .newToken, .elsewhere, .notHere, .later:
            break
        }
        if verdict.remedy == .newToken {
            self.isTokenUnknown = self.wasTokenRefused && verdict.error.wantsUser
            self.wasTokenRefused = true
        } else {
            self.isTokenUnknown = false
        }
        if verdict.isMove { self.moves += 1 }
        // The first repetition comes at once unless the server asked for patience.
        let isImmediate = self.attempts == 1 && verdict.remedy != .later || verdict.isMove
        let pause = isImmediate ? nil : Backoff.jittered(upTo: self.backoff.next())
        guard now + (pause ?? .zero) < self.deadline else {
            return .fail(verdict.error.afterAttempts(self.attempts))
        }
        return .again(after: pause)
    }
}
