// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Pauses between attempts: they double up to a limit, and each is a random part of that.
struct Backoff: Sendable {
    private static let first = 0.05
    private static let last = 2.0

    private var ceiling = Self.first

    /// The next pause.
    mutating func next() -> Duration {
        defer { self.ceiling = min(self.ceiling * 2, Self.last) }
        return .seconds(Double.random(in: self.ceiling / 2...self.ceiling))
    }
}
