// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// The command while it runs: the leader of its own process group.
final class ChildProcess: Sendable {
    private enum State {
        case starting
        case running(group: pid_t)
        case ended
    }

    private struct Inner {
        var state = State.starting
        /// Signals that came before there was a process to send them to.
        var early: [Int32] = []
    }

    private let command: ChildCommand
    private let environment: [Environment.Key: String?]
    private let inner = Mutex(Inner())

    init(command: ChildCommand, environment: [String: String]) {
        self.command = command
        self.environment = Dictionary(
            uniqueKeysWithValues: environment.map {
                (Environment.Key(stringLiteral: $0.key), $0.value)
            }
        )
    }

    /// Runs the command to its end, on this process's standard input, output and error.
    ///
    /// - Parameter started: Called with the process group as soon as the command runs.
    /// - Returns: The command's status, 128+n if a signal ended it.
    /// - Throws: ``ToolFailure`` when it could not be started.
    func run(started: @Sendable (pid_t) -> Void) async throws -> Int32 {
        var options = PlatformOptions()
        options.processGroupID = 0
        do {
            let result = try await Subprocess.run(
                .path(FilePath(self.command.path)),
                arguments: Arguments(
                    executablePathOverride: self.command.name,
                    remainingValues: self.command.arguments
                ),
                environment: .inherit.updating(self.environment),
                platformOptions: options,
                input: .currentStandardInput,
                output: .currentStandardOutput,
                error: .currentStandardError
            ) { execution in
                let group = execution.processIdentifier.value
                self.began(group)
                started(group)
            }
            self.inner.withLock { $0.state = .ended }
            switch result.terminationStatus {
            case .exited(let status): return status
            case .signaled(let signal): return ExitStatus.signal(signal)
            }
        } catch let error as SubprocessError {
            self.inner.withLock { $0.state = .ended }
            let notFound = error.code == .executableNotFound
            throw ToolFailure(
                status: notFound ? ExitStatus.notFound : ExitStatus.notExecutable,
                message: "the command could not be started: \(self.command.path)"
            )
        }
    }

    /// Sends a signal to the whole group; does nothing once the command has ended.
    func send(_ signal: Int32) {
        self.inner.withLock { inner in
            switch inner.state {
            case .starting: inner.early.append(signal)
            // Within the lock, so that the group cannot end and its number be used anew between.
            case .running(let group): kill(-group, signal)
            case .ended: break
            }
        }
    }

    private func began(_ group: pid_t) {
        self.inner.withLock { inner in
            inner.state = .running(group: group)
            for signal in inner.early { kill(-group, signal) }
            inner.early = []
        }
    }
}
