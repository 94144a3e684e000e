// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Starts an etcd, hands it to the closure and removes it on every way out.
///
/// Only a few such scopes of the process are open at a time; others wait for their turn. A scope
/// inside another one does not count.
package func withEtcd<R>(
    _ version: EtcdVersion,
    _ options: EtcdProcess.Options = .init(),
    _ body: (EtcdProcess) async throws -> R
) async throws -> R {
    let isNested = EtcdSlots.isHeld
    if !isNested { await EtcdSlots.shared.take() }
    defer { if !isNested { EtcdSlots.shared.giveBack() } }
    return try await EtcdSlots.$isHeld.withValue(true) {
        let etcd = try await EtcdProcess.start(version, options)
        do {
            let result = try await body(etcd)
            await etcd.remove()
            return result
        } catch {
            await etcd.remove()
            throw error
        }
    }
}

/// How many servers may run at once: a small machine with fifty of them answers nobody in time.
private final class EtcdSlots: Sendable {
    static let shared = EtcdSlots(count: 4)
    @TaskLocal static var isHeld = false

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(count: Int) {
        self.state = Mutex(State(free: count))
    }

    func take() async {
        await withCheckedContinuation { continuation in
            let isFree = self.state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    func giveBack() {
        let next = self.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
