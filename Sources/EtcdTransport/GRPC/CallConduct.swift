// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What may be done with a unary call, and what its answer tells, while its connection is judged.
package struct CallConduct: Sendable, Hashable {
    /// Whether the call may end without an answer, to be made elsewhere, when its connection turns
    /// out to be useless.
    package var mayMove: Bool

    /// Whether an answer shows that the member can do all its work, because it could not be given
    /// without the other members.
    package var provesService: Bool

    /// Whether the answer is due soon, so that waiting for it long means that something is wrong.
    package var isPrompt: Bool

    package init(mayMove: Bool = false, provesService: Bool = false, isPrompt: Bool = true) {
        self.mayMove = mayMove
        self.provesService = provesService
        self.isPrompt = isPrompt
    }
}

/// When a connection last brought an answer that shows that its member can do all its work, and how
/// quickly the peer answers at best.
///
/// Shared by a connection and the calls on it, on the event loop's thread only.
final class AnswerLog {
    /// The time of what is being read; the clock is asked once for all answers of a read.
    var now: ContinuousClock.Instant
    private(set) var last: ContinuousClock.Instant
    /// The shortest time in which the peer has answered anything.
    private(set) var roundTrip: Duration?
    /// Called at the next such answer, once.
    var onNext: (() -> Void)?

    init(now: ContinuousClock.Instant) {
        self.now = now
        self.last = now
    }

    /// The peer answered what was sent after this time.
    func tookRoundTrip(since start: ContinuousClock.Instant) {
        let time = self.now - start
        if self.roundTrip.map({ time < $0 }) ?? true { self.roundTrip = time }
    }

    /// An answer came, or a part of it.
    func answered() {
        self.last = self.now
        self.onNext.take()?()
    }
}
