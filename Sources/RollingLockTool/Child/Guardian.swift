// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import Subprocess
import Synchronization
import SystemPackage

/// Sees to it that the command does not outlive the right to run it, whatever becomes of this
/// process: killed, stopped or hung, it can no longer stop the command itself.
///
/// A second process (`rolling-lock guard`) reads from a pipe which process group it guards and
/// until when. It kills the group at that moment, or soon after the pipe was closed without a
/// farewell. It has a session of its own, so that what kills this process's group spares it.
final class Guardian: Sendable {
    private let pipe: Pipe
    private let process: Task<Bool, Never>

    /// Starts the guardian process.
    ///
    /// - Parameter grace: How long the group has between SIGTERM and SIGKILL.
    /// - Throws: ``ToolFailure`` when there is no descriptor for the pipe.
    init(grace: Duration) throws {
        let pipe = try Pipe()
        self.pipe = pipe
        // Unstructured, because the process accompanies this object and ends with the pipe.
        self.process = Task {
            var options = PlatformOptions()
            options.createSession = true
            let result = try? await Subprocess.run(
                .path("/proc/self/exe"),
                arguments: Arguments(
                    executablePathOverride: "rolling-lock",
                    remainingValues: [
                        GuardCommand.name, "\(grace.inNanoseconds)",
                    ]
                ),
                platformOptions: options,
                input: .fileDescriptor(pipe.readEnd, closeAfterSpawningProcess: true),
                output: .discarded,
                error: .discarded
            )
            return result?.terminationStatus == .exited(GuardCommand.killed)
        }
    }

    /// Says which group to guard.
    func watch(over group: pid_t) { self.pipe.send("group \(group)") }

    /// Allows the group to run until an instant.
    func allow(until deadline: ContinuousClock.Instant) {
        let remaining = deadline - ContinuousClock.now
        self.pipe.send("until \(BootClock.nanoseconds + remaining.inNanoseconds)")
    }

    /// Ends the guardian: there is nothing left to guard.
    ///
    /// - Returns: True if it had to kill the group because its time was over.
    @discardableResult
    func dismiss() async -> Bool {
        self.pipe.send("done")
        self.pipe.close()
        return await self.process.value
    }
}

/// The writing end of the pipe to the guardian.
private final class Pipe: Sendable {
    let readEnd: FileDescriptor
    private let writeEnd: Mutex<Int32>

    init() throws {
        guard let ends = PipeEnds() else {
            throw ToolFailure(status: ExitStatus.fault, message: "no pipe: too many open files")
        }
        self.readEnd = FileDescriptor(rawValue: ends.readEnd)
        self.writeEnd = Mutex(ends.writeEnd)
    }

    func send(_ line: String) {
        self.writeEnd.withLock { descriptor in
            guard descriptor >= 0 else { return }
            let bytes = Array((line + "\n").utf8)
            // A guardian that died is none; SIGPIPE is ignored, and the write's failure with it.
            _ = unsafe write(descriptor, bytes, bytes.count)
        }
    }

    func close() {
        self.writeEnd.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    deinit { self.close() }
}
