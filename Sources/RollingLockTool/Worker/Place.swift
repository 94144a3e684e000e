// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import RollingLock
import Synchronization

/// A place in the cluster's queue that nobody waits at.
final class Place: Sendable {
    let asked = ContinuousClock.now
    private let outcome: Outcome
    private let acquiring: Task<RollingLockHold, any Error>

    /// Takes a place.
    ///
    /// - Parameters:
    ///   - acquire: Waits for the lock.
    ///   - onChange: Called when the lock is granted, or will not be.
    init(
        _ acquire: @escaping @Sendable () async throws -> RollingLockHold,
        onChange: @escaping @Sendable () -> Void
    ) {
        let outcome = Outcome()
        // Unstructured, because it accompanies this object; giveUp() ends it.
        self.acquiring = Task {
            let result: Result<RollingLockHold, any Error>
            do {
                result = .success(try await acquire())
            } catch {
                result = .failure(error)
            }
            outcome.value.withLock { $0 = result }
            onChange()
            return try result.get()
        }
        self.outcome = outcome
    }

    private final class Outcome: Sendable {
        let value = Mutex<Result<RollingLockHold, any Error>?>(nil)
    }

    /// What it came to, nil while it waits.
    var result: Result<RollingLockHold, any Error>? { self.outcome.value.withLock { $0 } }

    /// Leaves the queue, or gives the lock back if it came meanwhile.
    func giveUp() async {
        self.acquiring.cancel()
        guard let hold = try? await self.acquiring.value else { return }
        _ = try? await Task { try await hold.release() }.value
    }
}
