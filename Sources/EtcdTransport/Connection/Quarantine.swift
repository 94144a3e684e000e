// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The time in which an endpoint gets no calls because something is wrong with it.
///
/// It ends when a probe succeeds. Probes come at growing intervals, with jitter, and one at a time.
/// Where no other endpoint works, those in quarantine are used all the same.
struct Quarantine {
    /// How long a quarantine that is over makes the next one stricter.
    static let memory: Duration = .seconds(60)

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
    private var isProbing = false

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
        self.since = now
        self.endsByConnecting = self.endsByConnecting && endsByConnecting
        self.strikes += 1
        self.isProbing = false
        self.probeAt = now + Self.pause(self.strikes)
    }

    /// Whether the endpoint may be tried by calls again for want of a better one.
    ///
    /// Bounds how often a client goes round among members of which none answers.
    func mayBeUsed(now: ContinuousClock.Instant) -> Bool {
        now - self.since >= Self.bound(self.strikes) / 2
    }

    /// When the next probe is due; nil while one is under way.
    var nextProbe: ContinuousClock.Instant? {
        self.isProbing ? nil : self.probeAt
    }

    /// Whether to probe now.
    mutating func takeProbe(now: ContinuousClock.Instant) -> Bool {
        guard !self.isProbing, self.probeAt <= now else { return false }
        self.isProbing = true
        return true
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
