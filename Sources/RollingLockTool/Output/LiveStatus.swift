// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import RollingLock
import Synchronization

/// Redraws the queue in place on a terminal, at every change and once a second for the ages.
final class LiveStatus: Sendable {
    private struct State {
        var queue: RollingLockQueue?
        var linesDrawn = 0
    }

    private let lock: String
    private let state = Mutex(State())

    init(lock: String) { self.lock = lock }

    func show(_ updates: AsyncThrowingStream<RollingLockQueue, any Error>) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    self.draw()
                }
            }
            defer { group.cancelAll() }
            for try await queue in updates {
                self.state.withLock { $0.queue = queue }
                self.draw()
            }
        }
    }

    private func draw() {
        self.state.withLock { state in
            guard let queue = state.queue else { return }
            let table = QueueReport(queue, lock: self.lock).table
            let up = state.linesDrawn > 0 ? "\u{1B}[\(state.linesDrawn)F" : ""
            // Each line is cleared to its end, then everything below the last.
            let text = table.split(separator: "\n").map { "\($0)\u{1B}[K\n" }.joined()
            StandardStream.output.write(up + text + "\u{1B}[J")
            state.linesDrawn = table.split(separator: "\n").count
        }
    }
}
