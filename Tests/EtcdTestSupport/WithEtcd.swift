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
    try await withEtcdSlots(1) {
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

/// Starts a cluster, hands it to the closure and removes it on every way out.
///
/// It counts as so many servers among those of `withEtcd`.
///
/// - Parameters:
///   - version: What to run.
///   - size: How many members found the cluster, one to three.
///   - options: For each member; their ports are always free ones.
///   - proxied: Whether a `FaultProxy` stands before each member's ports, that for clients and that
///     for other members: `member.proxy`, `cluster.isolate(_:)`, `cluster.heal()`. The cluster's
///     endpoints are the proxies' then, also those that the members advertise.
///   - body: What to do with it.
/// - Returns: What `body` returns.
/// - Throws: `EtcdStartFailure`, or what `body` throws.
package func withEtcdCluster<R>(
    _ version: EtcdVersion,
    size: Int = 3,
    _ options: EtcdProcess.Options = .init(),
    proxied: Bool = false,
    _ body: (EtcdCluster) async throws -> R
) async throws -> R {
    try await withEtcdSlots(size) {
        let cluster = try await EtcdCluster.start(version, size: size, options, proxied: proxied)
        do {
            let result = try await body(cluster)
            await cluster.remove()
            return result
        } catch {
            await cluster.remove()
            throw error
        }
    }
}

/// Waits until so many servers may run; inside another such scope they do not count.
///
/// For tests whose servers other programs start.
package func withEtcdSlots<R>(_ count: Int, _ body: () async throws -> R) async throws -> R {
    if EtcdSlots.isHeld { return try await body() }
    await EtcdSlots.shared.take(count)
    defer { EtcdSlots.shared.giveBack(count) }
    return try await EtcdSlots.$isHeld.withValue(true) { try await body() }
}

/// How many servers may run at once: a small machine with fifty of them answers nobody in time.
private final class EtcdSlots: Sendable {
    static let shared = EtcdSlots(count: 4)
    @TaskLocal static var isHeld = false

    private struct State {
        var free: Int
        /// In order: a cluster that needs several is not overtaken by single servers for ever.
        var waiting: [(count: Int, CheckedContinuation<Void, Never>)] = []

        /// Those whose turn it is.
        mutating func admit() -> [CheckedContinuation<Void, Never>] {
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let (count, continuation) = self.waiting.first, count <= self.free {
                self.waiting.removeFirst()
                self.free -= count
                admitted.append(continuation)
            }
            return admitted
        }
    }

    private let state: Mutex<State>

    init(count: Int) {
        self.state = Mutex(State(free: count))
    }

    func take(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let admitted = self.state.withLock { state in
                state.waiting.append((count, continuation))
                return state.admit()
            }
            for continuation in admitted { continuation.resume() }
        }
    }

    func giveBack(_ count: Int) {
        let admitted = self.state.withLock { state in
            state.free += count
            return state.admit()
        }
        for continuation in admitted { continuation.resume() }
    }
}
