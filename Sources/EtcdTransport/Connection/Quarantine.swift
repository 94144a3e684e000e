// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The time in which an endpoint gets no calls because something is wrong with it.
///
/// It ends when a probe succeeds. Probes come at growing intervals, with jitter, and one at a time.
/// Where no other endpoint works, those in quarantine are used all the same.
struct Quarantine {
    /// How long a quarantine that is over makes the next one stricter.
    static let memory: Duration = .seconds(60)

    /// What is found wrong within this time is one and the same thing: connections end or fall silent one
    /// after the other.
    private static let incident: Duration = .seconds(1)

    private static let firstPause: Duration = .seconds(1)
    private static let longestPause: Duration = .seconds(30)

    private(set) var cause: ConnectionFailure
    /// When it was last found that something is wrong.
    private(set) var since: ContinuousClock.Instant
    /// Whether a connection is proof enough that all is well again; otherwise it takes an answer.
    private(set) var endsByConnecting: Bool
    /// How often in a row something was found wrong.
    private(set) var strikes: Int
    private(set) var probeAt: ContinuousClock.Instant

    init(
        because cause: ConnectionFailure,
        endsByConnecting: Bool,
        strikes: Int,
        at now: ContinuousClock.Instant
    ) {
        self.cause = cause
        self.since = now
        self.endsByConnecting = endsByConnecting
        self.strikes = strikes
        self.probeAt = now + Self.pause(strikes)
    }

    /// Something is still wrong.
    mutating func confirm(
        _ cause: ConnectionFailure,
        endsByConnecting: Bool,
        at now: ContinuousClock.Instant
    ) {
        self.cause = cause
        self.endsByConnecting = self.endsByConnecting && endsByConnecting
        // A probe that fails is news, however soon.
        guard now >= min(self.since + Self.incident, self.probeAt) else { return }
        self.since = now
        self.strikes += 1
        self.probeAt = now + Self.pause(self.strikes)
    }

    /// Whether the endpoint may be tried by calls again for want of a better one.
    ///
    /// Bounds how often a client goes round among members of which none answers.
    func mayBeUsed(now: ContinuousClock.Instant) -> Bool {
        now - self.since >= Self.rest(after: self.strikes)
    }

    /// How long an endpoint is left in peace that has disappointed so often.
    static func rest(after disappointments: Int) -> Duration {
        Self.bound(disappointments) / 2
    }

    private static func bound(_ strikes: Int) -> Duration {
        min(Self.firstPause * (1 << min(strikes, 8)), Self.longestPause)
    }

    /// Between half of the bound and the bound: clients that lost the same member do not come back
    /// in step, and none comes back at once.
    private static func pause(_ strikes: Int) -> Duration {
        let bound = Self.bound(strikes)
        return bound / 2 + Backoff.jittered(upTo: bound / 2)
    }
}
