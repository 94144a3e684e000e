// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when a stream of renewals that brings no answer is replaced.
///
/// A server that is slow answers on the stream that it has, but never on one that is replaced before
/// it does. So each replacement gets twice the time of the one before, and a stream whose answers take
/// long gets twice as long as the last one took.
struct RenewalSilence {
    typealias Instant = ContinuousClock.Instant

    private static let shortestLimit: Duration = .milliseconds(250)
    private static let longestLimit: Duration = .seconds(4)

    private var limit = Self.shortestLimit
    private var heardAt: Instant

    /// - Parameter now: The present moment.
    init(now: Instant) {
        self.heardAt = now
    }

    /// There is a new stream.
    mutating func opened(at now: Instant) {
        self.heardAt = now
    }

    /// The stream brought an answer.
    ///
    /// - Parameters:
    ///   - sentAt: When the renewal was sent.
    ///   - now: The present moment.
    mutating func answered(sentAt: Instant, at now: Instant) {
        self.heardAt = now
        self.limit = min(max((now - sentAt) * 2, Self.shortestLimit), Self.longestLimit)
    }

    /// Whether to replace the stream because a renewal is not answered.
    ///
    /// - Parameters:
    ///   - sentAt: When it was sent.
    ///   - now: The present moment.
    /// - Returns: The answer; after "yes" the next stream has more time.
    mutating func isTooLong(sentAt: Instant, at now: Instant) -> Bool {
        guard now - max(sentAt, self.heardAt) >= self.limit else { return false }
        self.limit = min(self.limit * 2, Self.longestLimit)
        return true
    }
}
