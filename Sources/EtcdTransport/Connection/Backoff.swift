// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How long to wait between attempts: doubling, with full jitter, up to a cap.
package struct Backoff: Sendable, Equatable {
    private let first: Duration
    private let cap: Duration
    private var upper: Duration

    /// - Parameters:
    ///   - first: the longest first pause.
    ///   - cap: the longest pause of all.
    package init(first: Duration = .milliseconds(50), cap: Duration = .seconds(2)) {
        self.first = first
        self.cap = cap
        self.upper = first
    }

    /// The bound of the next pause; the one after that is twice as long.
    package mutating func next() -> Duration {
        let bound = self.upper
        self.upper = min(self.upper * 2, self.cap)
        return bound
    }

    /// Begins again with short pauses.
    package mutating func reset() {
        self.upper = self.first
    }

    /// A pause anywhere between nothing and the bound.
    ///
    /// Full jitter: clients that lost the same server do not come back in step.
    package static func jittered(upTo bound: Duration) -> Duration {
        bound * Double.random(in: 0...1)
    }
}
