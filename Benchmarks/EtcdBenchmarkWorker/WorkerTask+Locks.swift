// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock
import Synchronization

extension WorkerTask {
    /// Takes and releases a lock that nobody else wants.
    @concurrent
    func measureUncontendedLock(_ client: EtcdClient) async throws -> Measurement {
        let lock = try self.makeLock(client)
        for _ in 0..<self.warmUp { try await lock.acquire().release() }

        var measurement = try Measurement.begin()
        let deadline = measurement.started + self.duration
        while true {
            let start = SuspendingClock.now
            guard start < deadline else { break }
            try await lock.acquire().release()
            measurement.latencies.append(SuspendingClock.now - start)
        }
        try measurement.end()
        await lock.shutdown()
        return measurement
    }

    /// Lets tasks take turns; each waits with a ticket of its own.
    ///
    /// A handoff lasts from the call of one holder's release to the return of the next one's
    /// acquire.
    @concurrent
    func measureHandoff(_ client: EtcdClient, waiters: Int) async throws -> Measurement {
        let recorder = HandoffRecorder(warmUp: self.warmUp, duration: self.duration)
        let lock = try self.makeLock(client)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<waiters {
                group.addTask {
                    while true {
                        let hold = try await lock.acquire()
                        let goesOn = try recorder.acquired()
                        recorder.releasing()
                        try await hold.release()
                        guard goesOn else { break }
                    }
                }
            }
            try await group.waitForAll()
        }
        await lock.shutdown()
        return try recorder.measurement
    }

    private func makeLock(_ client: EtcdClient) throws -> RollingLock {
        try RollingLock(
            client: client,
            configuration: .init(root: "/" + self.key, clusterID: "bench", unit: "bench/0")
        )
    }
}

/// Sees every holder in turn.
private final class HandoffRecorder: Sendable {
    private struct State {
        var handoffs = 0
        var released: SuspendingClock.Instant?
        var measurement: Measurement?
        var isOver = false
    }

    private let warmUp: Int
    private let duration: Duration
    private let state = Mutex(State())

    init(warmUp: Int, duration: Duration) {
        self.warmUp = warmUp
        self.duration = duration
    }

    /// Notes the end of a handoff and tells whether to take another turn.
    func acquired() throws -> Bool {
        let now = SuspendingClock.now
        return try self.state.withLock { state in
            guard !state.isOver else { return false }
            state.handoffs += 1
            guard state.handoffs > self.warmUp else { return true }
            guard let released = state.released, let started = state.measurement?.started else {
                state.measurement = try Measurement.begin()
                return true
            }
            state.measurement?.latencies.append(now - released)
            guard now - started > self.duration else { return true }
            try state.measurement?.end()
            state.isOver = true
            return false
        }
    }

    func releasing() {
        self.state.withLock { $0.released = SuspendingClock.now }
    }

    var measurement: Measurement {
        get throws {
            guard let measurement = self.state.withLock({ $0.measurement }) else {
                throw WorkerFailure("no handoff was seen")
            }
            return measurement
        }
    }
}
