// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Subprocess

/// The process that becomes the command once it is told to.
///
/// It reads the environment to add from a pipe. If the pipe ends before, because the lock was not
/// granted or rolling-lock was killed, it ends without having run anything.
enum Launcher {
    /// The subcommand; not for people.
    static let name = "launch"

    /// The arguments that make this program the launcher of a command.
    static func arguments(command: ChildCommand, orders: OrderPipe) -> Arguments {
        let own = [self.name, "/proc/\(getpid())/fd/\(orders.readEnd)", command.path]
        return Arguments(
            executablePathOverride: Array("rolling-lock".utf8) + [0],
            remainingValues: own.map { Array($0.utf8) + [0] } + [command.name]
                + command.arguments
        )
    }

    /// True when this process was started as a launcher.
    static var isThisProcess: Bool {
        CommandLine.arguments.count >= 5 && CommandLine.arguments[1] == self.name
            && CommandLine.arguments[2].hasPrefix("/proc/")
    }

    /// Waits for the word and becomes the command.
    static func run() -> Never {
        let pipe = unsafe open(CommandLine.arguments[2], O_RDONLY | O_CLOEXEC)
        guard pipe >= 0, let variables = self.readVariables(from: pipe) else {
            exit(ExitStatus.fault)
        }
        for variable in variables {
            // The environment keeps the text itself, so it is never freed.
            unsafe putenv(strdup(variable))
        }
        // What this process ignores or blocks, the command would.
        _ = signal(SIGPIPE, SIG_DFL)
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
        let path = CommandLine.arguments[3]
        // The command's own name and arguments, byte for byte; the list ends with nil as it must.
        unsafe execv(path, CommandLine.unsafeArgv + 4)
        let error = errno
        let reason = unsafe String(cString: strerror(error))
        StandardStream.error.write("rolling-lock: the command cannot be executed: \(reason)\n")
        exit(error == ENOENT ? ExitStatus.notFound : ExitStatus.notExecutable)
    }

    private static func readVariables(from pipe: Int32) -> [String]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.suffix(2) != [0, 0] {
            let count = unsafe read(pipe, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
        }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
