// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// What a session and the keeper that renews its lease share.
///
/// The machine sits behind a lock so that the state can be read from any thread at any moment, by
/// the clock, without waiting for the event loop.
final class LeaseRecord: Sendable {
    private struct State: ~Copyable {
        var machine: LeaseStateMachine
        var readers: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastReader = 0
    }

    let id: EtcdLeaseID
    private let state: Mutex<State>

    init(id: EtcdLeaseID, ttl: Duration, sentAt: ContinuousClock.Instant) {
        self.id = id
        self.state = Mutex(State(machine: LeaseStateMachine(ttl: ttl, sentAt: sentAt)))
    }

    var deadline: ContinuousClock.Instant { self.state.withLock { $0.machine.deadline } }

    var current: EtcdLeaseSession.State {
        self.state.withLock { $0.machine.state(at: .now) }
    }

    /// Whether a renewal was sent that is not answered.
    var isBeingRenewed: Bool { self.state.withLock { $0.machine.isBeingRenewed } }

    /// Tells the machine what happened, and the readers of the state that it may have changed.
    func handle(
        _ event: (inout LeaseStateMachine, ContinuousClock.Instant) -> LeaseStateMachine.Action
    ) -> (action: LeaseStateMachine.Action, wakeAt: ContinuousClock.Instant?) {
        let (action, wakeAt, readers) = self.state.withLock { state in
            let now = ContinuousClock.now
            let action = event(&state.machine, now)
            let readers = state.readers.values
            state.readers = [:]
            return (action, state.machine.nextWake(after: now), Array(readers))
        }
        for reader in readers { reader.resume() }
        return (action, wakeAt)
    }

    /// Waits until the state differs from the one given.
    ///
    /// - Returns: The new state; nil if the task was cancelled.
    func next(
        after last: EtcdLeaseSession.State?,
        isolation: isolated (any Actor)?
    ) async -> EtcdLeaseSession.State? {
        let number = self.state.withLock { state in
            state.lastReader += 1
            return state.lastReader
        }
        while !Task.isCancelled {
            let current = self.current
            if current != last { return current }
            await withTaskCancellationHandler {
                await withCheckedContinuation(isolation: isolation) { continuation in
                    let mustLook = self.state.withLock { state in
                        guard !Task.isCancelled, state.machine.state(at: .now) == last else {
                            return true
                        }
                        state.readers[number] = continuation
                        return false
                    }
                    if mustLook { continuation.resume() }
                }
            } onCancel: {
                self.state.withLock { $0.readers.removeValue(forKey: number) }?.resume()
            }
        }
        return nil
    }
}
