// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// The command to run under the lock, found before anybody waits for it.
struct ChildCommand: Sendable {
    /// The file to execute.
    let path: String
    /// Its name and arguments as bytes, each ended by a zero: arguments need not be UTF-8.
    let name: [UInt8]
    let arguments: [[UInt8]]

    /// Finds the command as a shell would: a name with a slash is a path, others are sought in PATH.
    ///
    /// - Parameters:
    ///   - words: The command and its arguments, as parsed.
    ///   - searchPath: The value of PATH.
    /// - Throws: ``ToolFailure`` with status 127 or 126.
    init(words: [String], searchPath: String?) throws {
        guard let name = words.first, !name.isEmpty else {
            throw ToolFailure.usage(
                "no command to run; put it after --, as in: rolling-lock run … -- systemctl "
                    + "restart app"
            )
        }
        self.path = try Self.find(name, searchPath: searchPath)
        let raw = Self.rawArguments(last: words.count)
        self.name = raw[0]
        self.arguments = Array(raw.dropFirst())
    }

    /// A command line for the shell.
    init(shell line: String) {
        self.path = "/bin/sh"
        self.name = Array("sh".utf8) + [0]
        self.arguments = ["-c", line].map { Array($0.utf8) + [0] }
    }

    private static func find(_ name: String, searchPath: String?) throws -> String {
        if name.contains("/") {
            try check(name)
            return name
        }
        var denied: ToolFailure?
        for folder in (searchPath ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let path = "\(folder)/\(name)"
            do {
                try check(path)
                return path
            } catch let failure as ToolFailure {
                if failure.status == ExitStatus.notExecutable { denied = denied ?? failure }
            }
        }
        throw denied
            ?? ToolFailure(
                status: ExitStatus.notFound,
                message: "command not found: \(name) (sought in PATH)"
            )
    }

    private static func check(_ path: String) throws {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else {
            throw ToolFailure(
                status: ExitStatus.notFound,
                message: "command not found: \(path)"
            )
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ToolFailure(
                status: ExitStatus.notExecutable,
                message: "command cannot be executed, it is not a file: \(path)"
            )
        }
        guard unsafe access(path, X_OK) == 0 else {
            throw ToolFailure(
                status: ExitStatus.notExecutable,
                message: "command cannot be executed: \(path); run: chmod +x \(path)"
            )
        }
    }

    /// The process's last arguments, byte for byte as they were given.
    private static func rawArguments(last count: Int) -> [[UInt8]] {
        let total = Int(CommandLine.argc)
        return (total - count..<total).map { index in
            guard let argument = unsafe CommandLine.unsafeArgv[index] else { return [0] }
            let length = unsafe strlen(argument)
            return (0...length).map { unsafe UInt8(bitPattern: argument[$0]) }
        }
    }
}
