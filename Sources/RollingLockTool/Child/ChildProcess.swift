// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import Subprocess
import Synchronization
import SystemPackage

/// The command: first a launcher that waits, then the command itself in its place.
///
/// The launcher is started before the lock is waited for. So the process group, which it leads, is
/// known to the guardian before the command runs in it, and the handoff does not wait for a fork.
/// Without the word from this process it never becomes the command, see ``Launcher``.
final class ChildProcess: Sendable {
    private enum State {
        case starting(early: [Int32])
        case running(group: pid_t)
        case ended
    }

    private let state: SharedState
    private let orders: OrderPipe
    private let started: AsyncStream<pid_t>
    private let running: Task<TerminationStatus, any Error>

    private final class SharedState: Sendable {
        let value = Mutex(State.starting(early: []))

        func begin(_ group: pid_t) {
            self.value.withLock { state in
                if case .starting(let early) = state {
                    for signal in early { kill(-group, signal) }
                }
                state = .running(group: group)
            }
        }

        func end() { self.value.withLock { $0 = .ended } }
    }

    /// Starts the launcher.
    ///
    /// - Parameters:
    ///   - command: What it is to become.
    ///   - onStart: Called with its process group.
    /// - Throws: ``ToolFailure`` when there is no descriptor for the pipe.
    init(command: ChildCommand, onStart: @escaping @Sendable (pid_t) -> Void) throws {
        let orders = try OrderPipe()
        let state = SharedState()
        let (started, continuation) = AsyncStream.makeStream(of: pid_t.self)
        var options = PlatformOptions()
        options.processGroupID = 0
        // Unstructured, because it accompanies this object; status() or abandon() wait for it.
        self.running = Task { [options] in
            defer {
                state.end()
                continuation.finish()
            }
            return try await Subprocess.run(
                .path("/proc/self/exe"),
                arguments: Launcher.arguments(command: command, orders: orders),
                platformOptions: options,
                input: .currentStandardInput,
                output: .currentStandardOutput,
                error: .currentStandardError
            ) { execution in
                let group = execution.processIdentifier.value
                state.begin(group)
                onStart(group)
                continuation.yield(group)
            }.terminationStatus
        }
        self.orders = orders
        self.state = state
        self.started = started
    }

    /// Lets the launcher become the command.
    ///
    /// - Parameters:
    ///   - variables: What is added to its environment.
    ///   - beforehand: Called with the process group just before.
    /// - Returns: The process group.
    /// - Throws: ``ToolFailure`` when the launcher could not be started.
    func go(variables: [String: String], beforehand: (pid_t) -> Void) async throws -> pid_t {
        for await group in self.started {
            beforehand(group)
            self.orders.give(variables)
            return group
        }
        throw ToolFailure(
            status: ExitStatus.fault,
            message: "no process could be started for the command"
        )
    }

    /// Waits for the command's end.
    ///
    /// - Returns: Its status, 128+n if a signal ended it.
    /// - Throws: ``ToolFailure`` when it was never started.
    func status() async throws -> Int32 {
        do {
            switch try await self.running.value {
            case .exited(let status): return status
            case .signaled(let signal): return ExitStatus.signal(signal)
            }
        } catch {
            throw ToolFailure(
                status: ExitStatus.fault,
                message: "no process could be started for the command"
            )
        }
    }

    /// Ends the launcher, if it has not become the command, and waits for the end of either.
    func abandon() async {
        self.orders.close()
        _ = try? await self.running.value
    }

    /// Sends a signal to the whole group; does nothing once the command has ended.
    func send(_ signal: Int32) {
        self.state.value.withLock { state in
            switch state {
            case .starting(let early): state = .starting(early: early + [signal])
            // Within the lock, so that the end is not overlooked.
            case .running(let group): kill(-group, signal)
            case .ended: break
            }
        }
    }
}
