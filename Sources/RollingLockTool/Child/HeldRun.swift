// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import RollingLock

/// Runs the command for as long as the lock is certainly held.
///
/// Near the local deadline of the lease the command gets SIGTERM, and just before it SIGKILL. The
/// server counts longer than that deadline, so the command is dead before another unit is granted
/// the lock. The guardian does the same should this process be unable to.
struct HeldRun: Sendable {
    enum Ending: Sendable {
        /// The command ended by itself.
        case finished(status: Int32)
        /// It was stopped, because the lock was lost or about to be.
        case stopped(reason: String)
        /// It was stopped, because its own time was over.
        case overdue
    }

    /// The command is killed this much before the deadline.
    static let killMargin = Duration.milliseconds(50)

    let hold: RollingLockHold
    let child: ChildProcess
    /// What the command finds in its environment.
    let variables: [String: String]
    let guardian: Guardian
    /// The time between SIGTERM and SIGKILL.
    let stopGrace: Duration
    /// When the command's own time is over, if it has one.
    let notAfter: ContinuousClock.Instant?
    let reporter: EventReporter

    private enum Step: Sendable {
        case ended(status: Int32)
        case endangered(deadline: ContinuousClock.Instant)
        case lost(RollingLockLossReason)
        case overdue
        case none
    }

    /// Runs the command to its end.
    func run() async throws -> Ending {
        self.guardian.allow(until: self.hold.deadline)
        let terminal = Terminal()
        defer { terminal.takeBack() }
        let processGroup = try await self.child.go(variables: self.variables) {
            terminal.lend(to: $0)
        }
        self.reporter.report(.started) { $0.processGroup = processGroup }
        return try await withThrowingTaskGroup(of: Step.self) { group in
            group.addTask { .ended(status: try await self.child.status()) }
            group.addTask {
                guard let reason = try? await self.hold.waitUntilLost() else { return .none }
                return .lost(reason)
            }
            group.addTask { await self.waitUntilEndangered() }
            group.addTask { await self.waitUntilOverdue() }
            group.addTask {
                await terminal.keepAwake(processGroup) { self.reporter.report(.woken) }
                return .none
            }

            var stopReason: String?
            var isOverdue = false
            for try await step in group {
                let killAt: ContinuousClock.Instant
                switch step {
                case .none: continue
                case .ended(let status):
                    group.cancelAll()
                    self.reporter.report(.ended) { $0.status = status }
                    if let stopReason { return .stopped(reason: stopReason) }
                    return isOverdue ? .overdue : .finished(status: status)
                case .endangered(let deadline):
                    killAt = deadline - Self.killMargin
                    if stopReason == nil {
                        stopReason = "the lease has not been renewed in time"
                    }
                case .overdue:
                    isOverdue = true
                    killAt = min(.now + self.stopGrace, self.hold.deadline - Self.killMargin)
                case .lost(let reason):
                    killAt = min(.now + self.stopGrace, self.hold.deadline - Self.killMargin)
                    if stopReason == nil { stopReason = "\(reason)" }
                    self.reporter.report(.lost) { $0.reason = "\(reason)" }
                }
                self.reporter.report(.stopping) { $0.reason = stopReason ?? "its time is over" }
                self.child.send(SIGTERM)
                // A command that was stopped (SIGSTOP) must be woken to end.
                self.child.send(SIGCONT)
                group.addTask {
                    try? await Task.sleep(until: killAt, clock: .continuous)
                    // Cancelled when the command has ended before; then this does nothing.
                    self.child.send(SIGKILL)
                    return .none
                }
            }
            // Not reached: the first task ends with `.ended` or throws.
            throw ToolFailure(status: ExitStatus.fault, message: "the command's end was missed")
        }
    }

    private func waitUntilOverdue() async -> Step {
        guard let notAfter = self.notAfter else { return .none }
        let isOver = (try? await Task.sleep(until: notAfter, clock: .continuous)) != nil
        return isOver ? .overdue : .none
    }

    /// Returns when the lease has so little time left that the command must be stopped.
    private func waitUntilEndangered() async -> Step {
        while !Task.isCancelled {
            let deadline = self.hold.deadline
            self.guardian.allow(until: deadline)
            let latest = deadline - self.stopGrace
            if ContinuousClock.now >= latest { return .endangered(deadline: deadline) }
            try? await Task.sleep(until: latest, clock: .continuous)
        }
        return .none
    }
}
