// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import Glibc
import Synchronization

/// A child process that cannot outlive this one.
///
/// A thread of its own starts it and waits for it; `setpriv --pdeathsig KILL` ties the child to that
/// thread, which ends only with the child or with the process. Output goes to files, standard
/// input is empty, the child has its own process group.
package final class ChildProcess: Sendable {
    /// The variables a child sees.
    package enum Environment: Sendable {
        /// Those of this process.
        case inherited
        /// `PATH`, `HOME` and what concerns sanitizers from this process, and these.
        case minimal(adding: [String: String] = [:])
    }

    /// How a child ended and what it wrote.
    package struct Output: Sendable, CustomStringConvertible {
        /// The exit status; 128 + the signal's number when a signal ended it.
        package var status: Int32
        package var standardOutput: String
        package var standardError: String
        /// Processor time of the child and those it waited for.
        package var processorTime: Duration

        package var isSuccess: Bool { self.status == 0 }

        package var description: String {
            "status \(self.status)\n\(self.standardOutput)\n\(self.standardError)"
        }
    }

    /// A child ended with a status other than 0.
    package struct Failure: Error, CustomStringConvertible {
        package var command: String
        package var output: Output

        package var description: String { "\(self.command): \(self.output)" }
    }

    private enum State {
        case starting
        case running(processID: Int32, waiting: [CheckedContinuation<Void, Never>])
        case ended(processID: Int32, status: Int32, processorTime: Duration)
    }

    private let folder: TemporaryDirectory
    private let state = Mutex(State.starting)

    private init(folder: TemporaryDirectory) {
        self.folder = folder
    }

    package var processID: Int32 {
        self.state.withLock { state in
            switch state {
            case .starting: preconditionFailure("nobody has a child that has not started")
            case .running(let processID, _), .ended(let processID, _, _): processID
            }
        }
    }

    /// Starts a program, given by its whole path.
    package static func start(
        _ program: String,
        _ arguments: [String],
        environment: Environment = .minimal()
    ) async throws -> ChildProcess {
        let child = ChildProcess(folder: try TemporaryDirectory("child"))
        let variables = environment.variables
        try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Void, any Error>) in
            let thread = Thread {
                let processID: Int32
                do {
                    processID = try spawn(
                        "/usr/bin/setpriv",
                        ["--pdeathsig", "KILL", program] + arguments,
                        variables,
                        output: child.folder.path + "/out",
                        error: child.folder.path + "/err"
                    )
                } catch {
                    continuation.resume(throwing: error)
                    return
                }
                child.state.withLock { $0 = .running(processID: processID, waiting: []) }
                continuation.resume()
                child.reap(processID)
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        return child
    }

    /// Runs a program to its end; kills it when the task is cancelled.
    package static func run(
        _ program: String,
        _ arguments: [String],
        environment: Environment = .minimal()
    ) async throws -> Output {
        try await self.start(program, arguments, environment: environment).waitOrKill()
    }

    package var isRunning: Bool {
        self.state.withLock { state in
            switch state {
            case .running: true
            case .starting, .ended: false
            }
        }
    }

    /// What it has written so far.
    package var standardOutput: String { Self.text(self.folder.path + "/out") }
    package var standardError: String { Self.text(self.folder.path + "/err") }

    /// Sends a signal; nothing happens when the child has ended.
    package func signal(_ number: Int32) {
        self.state.withLock { state in
            guard case .running(let processID, _) = state else { return }
            Glibc.kill(processID, number)
        }
    }

    /// Waits for the end, whatever happens to the task.
    @discardableResult
    package func wait() async -> Output {
        await withCheckedContinuation { continuation in
            let hasEnded = self.state.withLock { state in
                guard case .running(let processID, var waiting) = state else { return true }
                waiting.append(continuation)
                state = .running(processID: processID, waiting: waiting)
                return false
            }
            if hasEnded { continuation.resume() }
        }
        return self.state.withLock { state in
            guard case .ended(_, let status, let processorTime) = state else {
                preconditionFailure("a waiter was resumed before the child ended")
            }
            return Output(
                status: status,
                standardOutput: self.standardOutput,
                standardError: self.standardError,
                processorTime: processorTime
            )
        }
    }

    /// Waits for the end; kills the child when the task is cancelled.
    package func waitOrKill() async -> Output {
        await withTaskCancellationHandler {
            await self.wait()
        } onCancel: {
            self.signal(SIGKILL)
        }
    }

    /// Blocks until the child ends.
    ///
    /// The identifier is given back under the lock, hence `signal` never reaches a stranger.
    private func reap(_ processID: Int32) {
        var info = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(processID), &info, WEXITED | WNOWAIT) != 0 {
            guard errno == EINTR else { break }
        }
        let waiting = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            var status: Int32 = 0
            var usage = rusage()
            unsafe wait4(processID, &status, 0, &usage)
            guard case .running(_, let waiting) = state else { return [] }
            let signal = status & 0x7f
            state = .ended(
                processID: processID,
                status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
                processorTime: .init(usage.ru_utime) + .init(usage.ru_stime)
            )
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    private static func text(_ path: String) -> String {
        guard let data = FileManager.default.contents(atPath: path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }
}

extension ChildProcess.Environment {
    /// Beside what every program needs, what this package's programs are told when tests run under a
    /// sanitizer.
    private static let namesKept: Set = [
        "PATH", "HOME", "LD_PRELOAD", "TSAN_OPTIONS", "ASAN_OPTIONS", "SWIFT_BACKTRACE",
    ]

    fileprivate var variables: [String: String] {
        let inherited = ProcessInfo.processInfo.environment
        switch self {
        case .inherited:
            return inherited
        case .minimal(let added):
            let kept = inherited.filter { Self.namesKept.contains($0.key) }
            return kept.merging(added) { $1 }
        }
    }
}

extension Duration {
    fileprivate init(_ time: timeval) {
        self = .seconds(time.tv_sec) + .microseconds(time.tv_usec)
    }
}
