// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import Subprocess
import Synchronization
import SystemPackage

/// A process of the demo, with what it reports line by line.
///
/// It has a process group of its own, so that Ctrl-C reaches only the demo, which ends all others
/// in order; and the kernel kills it should the demo itself be killed (setpriv --pdeathsig).
final class ManagedProcess: Sendable {
    /// Which of its streams is read.
    enum Reports: Sendable { case standardOutput, standardError }

    let processID: pid_t
    private let running: Task<TerminationStatus?, Never>
    private let life: Life

    /// Whether the process number still means this process.
    private final class Life: Sendable {
        private let hasEnded = Mutex(false)

        func end() { self.hasEnded.withLock { $0 = true } }

        /// Sends a signal to a process or, negative, to a group.
        func send(_ signal: Int32, to target: pid_t) {
            self.hasEnded.withLock { ended in
                if !ended { kill(target, signal) }
            }
        }
    }

    private init(processID: pid_t, running: Task<TerminationStatus?, Never>, life: Life) {
        self.processID = processID
        self.running = running
        self.life = life
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - program: Its path, or its name in PATH.
    ///   - arguments: Its arguments.
    ///   - reports: The stream to read; the other goes nowhere.
    ///   - onLine: Called with each line, in order.
    /// - Returns: The running process.
    /// - Throws: ``DemoFailure`` when there is none.
    static func start(
        _ program: String,
        _ arguments: [String],
        reports: Reports = .standardOutput,
        onLine: @escaping @Sendable (String) -> Void
    ) async throws -> ManagedProcess {
        var options = PlatformOptions()
        options.processGroupID = 0
        let (started, continuation) = AsyncStream.makeStream(of: pid_t.self)
        let arguments = Arguments(["--pdeathsig", "KILL", "--", program] + arguments)
        // Unstructured: it ends with the process, which stop() sees to.
        let life = Life()
        let running = Task { [options] () -> TerminationStatus? in
            defer {
                life.end()
                continuation.finish()
            }
            switch reports {
            case .standardOutput:
                return try? await Subprocess.run(
                    .name("setpriv"),
                    arguments: arguments,
                    platformOptions: options,
                    input: .none,
                    output: .sequence,
                    error: .discarded
                ) { execution in
                    continuation.yield(execution.processIdentifier.value)
                    for try await line in execution.standardOutput.strings() { onLine(line) }
                }.terminationStatus
            case .standardError:
                return try? await Subprocess.run(
                    .name("setpriv"),
                    arguments: arguments,
                    platformOptions: options,
                    input: .none,
                    output: .discarded,
                    error: .sequence
                ) { execution in
                    continuation.yield(execution.processIdentifier.value)
                    for try await line in execution.standardError.strings() { onLine(line) }
                }.terminationStatus
            }
        }
        for await processID in started {
            return ManagedProcess(processID: processID, running: running, life: life)
        }
        throw DemoFailure("\(program) could not be started")
    }

    /// Waits for its end.
    @discardableResult
    func waitForEnd() async -> TerminationStatus? { await self.running.value }

    /// Sends a signal, unless it has ended.
    func send(_ signal: Int32) { self.life.send(signal, to: self.processID) }

    /// Ends it: SIGTERM, and SIGKILL for its whole group if that takes too long.
    func stop(grace: Duration = .seconds(5)) async {
        self.send(SIGTERM)
        let killing = Task {
            try await Task.sleep(for: grace)
            self.life.send(SIGKILL, to: -self.processID)
        }
        await self.waitForEnd()
        killing.cancel()
    }
}
