// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Keeps one unit's service running, as systemd would: whenever it ends, it is started again.
final class ServiceManager: Sendable {
    private struct State {
        var current: ManagedProcess?
        var isStopping = false
    }

    private let state = Mutex(State())
    private let start: @Sendable () async throws -> ManagedProcess
    private let keeping = Mutex<Task<Void, any Error>?>(nil)

    init(start: @escaping @Sendable () async throws -> ManagedProcess) { self.start = start }

    /// Starts the service and goes on keeping it.
    func begin() {
        // Unstructured: it ends with stop().
        let task = Task {
            while true {
                let process = try await self.start()
                let stopping = self.state.withLock { state in
                    state.current = process
                    return state.isStopping
                }
                if stopping { return await process.stop() }
                await process.waitForEnd()
                if self.state.withLock({ $0.isStopping }) { return }
                // A service that cannot start must not be started in a frenzy.
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        self.keeping.withLock { $0 = task }
    }

    /// Ends the service and does not start it again.
    func stop() async {
        let current = self.state.withLock { state in
            state.isStopping = true
            return state.current
        }
        await current?.stop()
        try? await self.keeping.withLock { $0 }?.value
    }
}
