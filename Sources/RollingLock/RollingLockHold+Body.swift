// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension RollingLockHold {
    private enum Event<Value: Sendable>: Sendable {
        case ended(Result<Value, any Error>)
        case lost(RollingLockLossReason)
        case stoppedWatching
    }

    /// Runs a body in a task that is cancelled as soon as the lock is lost.
    ///
    /// - Returns: What the body came to, and why the lock was lost meanwhile.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (RollingLockHold) async throws -> Value
    ) async -> (Result<Value, any Error>, RollingLockLossReason?) {
        await withTaskGroup(of: Event<Value>.self) { group in
            group.addTask {
                do {
                    return .ended(.success(try await body(self)))
                } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask {
                let reason = try? await self.waitUntilLost()
                return reason.map { .lost($0) } ?? .stoppedWatching
            }
            var result: Result<Value, any Error> = .failure(CancellationError())
            var lossReason: RollingLockLossReason?
            for await event in group {
                switch event {
                case .ended(let ended):
                    result = ended
                    group.cancelAll()
                case .lost(let reason):
                    lossReason = reason
                    group.cancelAll()
                case .stoppedWatching:
                    // Released by the body, or the body has ended.
                    break
                }
            }
            return (result, lossReason)
        }
    }
}

extension Result {
    /// The error, if it is one.
    var error: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
