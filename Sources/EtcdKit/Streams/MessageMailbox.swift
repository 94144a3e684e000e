// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Synchronization

/// Where the event loop leaves the messages of a stream until its one consumer takes them.
///
/// What it can hold is bounded by the stream's window, which the consumer gives back by what it has
/// taken.
final class MessageMailbox: Sendable {
    typealias Outcome = Waiter<Step>.Outcome

    /// What the consumer finds next.
    enum Step: Sendable {
        case message([UInt8])
        /// The end, in good order if there is no failure.
        case end(CallFailure?)
    }

    private struct State {
        /// Messages not taken, from `head` on.
        var messages: [[UInt8]] = []
        var head = 0
        var end: Step?
        var waiter: Waiter<Step>?

        mutating func take() -> Step? {
            guard self.head < self.messages.count else { return self.end }
            let message = self.messages[self.head]
            self.head += 1
            if self.head == self.messages.count {
                self.messages.removeAll(keepingCapacity: self.head <= 64)
                self.head = 0
            } else if self.head >= 256 {
                self.messages.removeFirst(self.head)
                self.head = 0
            }
            return .message(message)
        }
    }

    private let state = Mutex(State())

    /// Something happened on the stream.
    func received(_ event: GRPCStreamEvent) {
        let step: Step
        switch event {
        case .opened: return
        case .message(let message): step = .message(message)
        case .closed(let failure): step = .end(failure)
        }
        let waiter: Waiter<Step>? = self.state.withLock { state in
            if case .end = step { state.end = step }
            if let waiter = state.waiter.take() { return waiter }
            if case .message(let message) = step { state.messages.append(message) }
            return nil
        }
        waiter?.resolve(step)
    }

    /// Whether the consumer would find a message without waiting.
    var hasMessages: Bool {
        self.state.withLock { $0.head < $0.messages.count }
    }

    /// Takes what comes next, or waits for it; without a deadline, for as long as it takes.
    ///
    /// The end stays: it is found again. After a wait that ended by the deadline or by cancellation the mailbox is of no more use: the
    /// next message may be lost.
    func next(until deadline: ContinuousClock.Instant?, on loop: EventLoop) async -> Outcome {
        let waiter = Waiter<Step>()
        let ready: Step? = self.state.withLock { state in
            if let ready = state.take() { return ready }
            state.waiter = waiter
            return nil
        }
        if let ready { return .value(ready) }
        return await waiter.wait(until: deadline ?? .now + .endless, on: loop)
    }
}
