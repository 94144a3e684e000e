// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// A value that comes once, for any number of tasks that wait for it.
final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
        /// Those whose task was cancelled before they came to wait.
        var stopped: Set<Int> = []
        var waiterCount = 0
    }

    private let state = Mutex(State())

    /// The value, if it has come.
    var current: Value? { self.state.withLock { $0.value } }

    /// Gives the value to all who wait, unless one came before.
    ///
    /// - Returns: True if this was the first.
    @discardableResult
    func fulfil(_ value: Value) -> Bool {
        let waiters = self.state.withLock {
            state -> [Int: CheckedContinuation<Value?, Never>]? in
            guard state.value == nil else { return nil }
            state.value = value
            let waiters = state.waiters
            state.waiters = [:]
            return waiters
        }
        guard let waiters else { return false }
        for waiter in waiters.values { waiter.resume(returning: value) }
        return true
    }

    /// Waits for the value.
    ///
    /// A cancelled task stops waiting at once.
    func value() async throws(CancellationError) -> Value {
        if let value = self.current { return value }
        let id = self.state.withLock { state in
            state.waiterCount += 1
            return state.waiterCount
        }
        let value = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.wait(id, continuation)
            }
        } onCancel: {
            self.stopWaiting(id)
        }
        guard let value else { throw CancellationError() }
        return value
    }

    /// Waits for the value, but not longer than this, and also if the task is cancelled.
    @discardableResult
    func value(within patience: Duration) async -> Value? {
        let timer = OneShot<Value?>()
        // These do not end with the caller's task: it may be cancelled, and must wait all the same.
        let first = Task { timer.fulfil(try? await self.value()) }
        let second = Task {
            try? await Task.sleep(for: patience)
            timer.fulfil(nil)
        }
        defer {
            first.cancel()
            second.cancel()
        }
        return await Task { try? await timer.value() }.value ?? nil
    }

    private func wait(_ id: Int, _ continuation: CheckedContinuation<Value?, Never>) {
        let (isReady, value) = self.state.withLock { state -> (Bool, Value?) in
            if let value = state.value { return (true, value) }
            if state.stopped.remove(id) != nil { return (true, nil) }
            state.waiters[id] = continuation
            return (false, nil)
        }
        if isReady { continuation.resume(returning: value) }
    }

    private func stopWaiting(_ id: Int) {
        let waiter = self.state.withLock { state -> CheckedContinuation<Value?, Never>? in
            if let waiter = state.waiters.removeValue(forKey: id) { return waiter }
            if state.value == nil { state.stopped.insert(id) }
            return nil
        }
        waiter?.resume(returning: nil)
    }
}
