// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// One caller's wait for something that somebody else brings, with a deadline and cancellation.
///
/// Used where several callers share one piece of work, such as a dial: the work belongs to none of
/// them, so each must be able to leave without ending it for the others.
package final class Waiter<Value: Sendable>: Sendable {
    /// How the wait ended.
    package enum Outcome: Sendable {
        case value(Value)
        case deadlinePassed
        case cancelled
    }

    private enum State {
        case new
        case waiting(CheckedContinuation<Outcome, Never>)
        case ended(Outcome)
    }

    private let state = Mutex(State.new)

    package init() {}

    /// Ends the wait with a value, unless it has ended.
    package func resolve(_ value: Value) {
        self.end(.value(value))
    }

    /// Waits.
    ///
    /// Call it once.
    package func wait(
        until deadline: ContinuousClock.Instant,
        on loop: EventLoop
    ) async -> Outcome {
        let timer = loop.schedule(at: deadline) { self.end(.deadlinePassed) }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ended: Outcome? = self.state.withLock { state in
                    if case .ended(let outcome) = state { return outcome }
                    state = .waiting(continuation)
                    return nil
                }
                if let ended { continuation.resume(returning: ended) }
            }
        } onCancel: {
            self.end(.cancelled)
        }
        timer.cancel()
        return outcome
    }

    private func end(_ outcome: Outcome) {
        let continuation: CheckedContinuation<Outcome, Never>? = self.state.withLock { state in
            switch state {
            case .new:
                state = .ended(outcome)
                return nil
            case .waiting(let continuation):
                state = .ended(outcome)
                return continuation
            case .ended:
                return nil
            }
        }
        continuation?.resume(returning: outcome)
    }
}
