// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdLeadership {
    private enum Event<Value: Sendable>: Sendable {
        case ended(Result<Value, any Error>)
        case lost(LossReason?)
    }

    /// Runs a body in a task that is cancelled as soon as the leadership is lost.
    ///
    /// - Returns: What the body came to, and why the leadership was lost meanwhile.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable (EtcdLeadership) async throws -> Value
    ) async -> (Result<Value, any Error>, LossReason?) {
        await withTaskGroup(of: Event<Value>.self) { group in
            group.addTask {
                do {
                    return .ended(.success(try await body(self)))
                } catch {
                    return .ended(.failure(error))
                }
            }
            group.addTask {
                .lost(try? await self.waitUntilLost())
            }
            var result: Result<Value, any Error> = .failure(CancellationError())
            var lossReason: LossReason?
            for await event in group {
                switch event {
                case .ended(let ended):
                    result = ended
                    group.cancelAll()
                case .lost(let reason?):
                    lossReason = reason
                    group.cancelAll()
                case .lost(nil):
                    // Resigned by the body, or the body has ended.
                    break
                }
            }
            return (result, lossReason)
        }
    }

    /// How long the end of a body waits for etcd; the resignation goes on behind it.
    private static let endingTime: Duration = .seconds(3)

    /// Resigns, also in a cancelled task, and waits for the confirmation, but not long.
    ///
    /// - Returns: What became of the candidate; `nil` if that is not known in time.
    func resignAtTheEnd() async -> EtcdResignation? {
        // It must not be cancelled with the caller's task.
        await Task {
            await withTaskGroup(of: EtcdResignation?.self) { group in
                group.addTask { try? await self.resign() }
                group.addTask {
                    try? await Task.sleep(for: Self.endingTime)
                    return nil
                }
                let first = await group.next()
                group.cancelAll()
                return first ?? nil
            }
        }.value
    }
}
