// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl

/// Runs a command that needs no lock, for a limited time.
struct UnheldRun: Sendable {
    enum Outcome: Sendable, Equatable {
        case finished(Int32)
        case overdue
        case interrupted(signal: Int32)
    }

    let command: ChildCommand
    let stopGrace: Duration
    let router: SignalRouter

    /// Runs the command to its end, or to the end of its time.
    func run(variables: [String: String], limit: Duration) async throws -> Outcome {
        let prepared = try HeldWork.Prepared(self.command, stopGrace: self.stopGrace)
        do {
            let outcome = try await self.run(prepared, variables, limit)
            await prepared.dismiss()
            return outcome
        } catch {
            await prepared.dismiss()
            throw error
        }
    }

    private func run(
        _ prepared: HeldWork.Prepared,
        _ variables: [String: String],
        _ limit: Duration
    ) async throws -> Outcome {
        let child = prepared.child
        guard self.router.forward(to: child) else {
            return .interrupted(signal: self.router.endedBy ?? 0)
        }
        defer { self.router.takeBack() }
        let deadline = ContinuousClock.now + limit
        // A moment later, should this process be unable to stop it itself.
        prepared.guardian.allow(until: deadline + self.stopGrace * 2)
        _ = try await child.go(variables: variables) { _ in }
        return try await withThrowingTaskGroup(of: Int32?.self) { group in
            group.addTask { try await child.status() }
            group.addTask {
                guard (try? await Task.sleep(until: deadline, clock: .continuous)) != nil else {
                    return nil
                }
                child.send(SIGTERM)
                child.send(SIGCONT)
                if (try? await Task.sleep(for: self.stopGrace)) != nil { child.send(SIGKILL) }
                return nil
            }
            for try await status in group {
                guard let status else { continue }
                group.cancelAll()
                return ContinuousClock.now < deadline ? .finished(status) : .overdue
            }
            throw ToolFailure(status: ExitStatus.fault, message: "the check's end was missed")
        }
    }
}
