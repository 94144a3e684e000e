// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// How long the members may take to answer a question, as their answers of late suggest.
///
/// Where all of them are slow, for what their disks are or what they have to do, going from one to the
/// next mends nothing. So an answer that comes after its connection became suspect, on a connection whose
/// peer was not silent, makes the client wait longer for a while.
struct AnswerPatience {
    /// How long one late answer counts.
    static let memory: Duration = .seconds(30)

    private let longest: Duration
    private var raised: Duration = .zero
    private var until: ContinuousClock.Instant?

    /// - Parameter longest: what no late answer raises it beyond.
    init(longest: Duration) {
        self.longest = longest
    }

    /// The least time to wait for an answer.
    func current(now: ContinuousClock.Instant) -> Duration {
        self.until.map { now < $0 } ?? false ? self.raised : .zero
    }

    /// An answer came late.
    mutating func wasAnswered(after time: Duration, now: ContinuousClock.Instant) {
        self.raised = max(self.current(now: now), min(time * 2, self.longest))
        self.until = now + Self.memory
    }

    /// That of all connections of a pool.
    final class Shared: Sendable {
        private let state: Mutex<AnswerPatience>

        init(longest: Duration) {
            self.state = Mutex(AnswerPatience(longest: longest))
        }

        func current(now: ContinuousClock.Instant) -> Duration {
            self.state.withLock { $0.current(now: now) }
        }

        func wasAnswered(after time: Duration, now: ContinuousClock.Instant) {
            self.state.withLock { $0.wasAnswered(after: time, now: now) }
        }
    }
}
