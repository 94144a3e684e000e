// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when a stream that brings nothing is looked into.
///
/// Silence is what most watches hear most of the time. It is also what a member sends that hangs, or
/// that is cut off from the others: only a question tells. A member that fails is left for another
/// one; if that one fails as well, the members may not be at fault, and the pauses double.
struct StreamSilence {
    typealias Instant = ContinuousClock.Instant

    private static let longestLimit: Duration = .seconds(60)

    private let shortestLimit: Duration
    private var limit: Duration
    /// How many members failed since one has answered.
    private var failures = 0
    /// How many deliveries there had been at the last look.
    private var deliveries = 0
    private var heardAt: Instant
    /// When the question was asked that is not answered yet.
    private var askedAt: Instant?

    /// - Parameters:
    ///   - limit: How long silence is taken for granted.
    ///   - now: The present moment.
    init(limit: Duration, now: Instant) {
        self.shortestLimit = limit
        self.limit = limit
        self.heardAt = now
    }

    /// There is a new stream, or it has brought something.
    mutating func heard(at now: Instant) {
        self.heardAt = now
    }

    /// How many deliveries of events there have been so far, over all streams.
    ///
    /// A member that delivers serves, and the next silence is looked into as soon as the first one.
    /// That it acknowledges watches proves nothing: one that is cut off does that, too.
    mutating func delivered(inAll count: Int) {
        guard count != self.deliveries else { return }
        self.deliveries = count
        self.limit = self.shortestLimit
        self.failures = 0
    }

    /// When to see what has come: not much later than usual, even if the question itself has time.
    func nextCheck(after now: Instant, share: Double) -> Instant {
        min(self.nextLook(share: share), now + self.shortestLimit * share)
    }

    /// When to ask, unless something comes.
    ///
    /// - Parameter share: A random number up to 1, so that many clients do not ask together.
    /// - Returns: The moment.
    func nextLook(share: Double) -> Instant {
        self.heardAt + self.limit * share
    }

    /// Whether to ask, at a moment that ``nextLook(share:)`` named for this share.
    mutating func isToAsk(at now: Instant, share: Double) -> Bool {
        guard now >= self.nextLook(share: share) else { return false }
        self.askedAt = now
        return true
    }

    /// The member has answered.
    mutating func answered(at now: Instant) {
        self.heardAt = now
        self.limit = self.shortestLimit
        self.failures = 0
    }

    /// The member has not answered, or not as one that serves.
    ///
    /// - Returns: Whether to leave it. Not if the stream has brought something meanwhile.
    mutating func failed(at now: Instant) -> Bool {
        guard let askedAt = self.askedAt, self.heardAt < askedAt else { return false }
        self.heardAt = now
        self.failures += 1
        if self.failures > 1 {
            self.limit = max(self.shortestLimit, min(self.limit * 2, Self.longestLimit))
        }
        return true
    }
}
