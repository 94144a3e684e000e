// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Subprocess
import SystemPackage

/// Runs small programs to their end.
enum Program {
    /// Runs a program that must succeed.
    ///
    /// - Parameters:
    ///   - name: Its name in PATH.
    ///   - arguments: Its arguments. Never a secret: every user can read them.
    ///   - environment: Variables to add.
    ///   - input: What it reads from standard input.
    ///   - folder: Where it runs.
    /// - Throws: ``DemoFailure`` with what it said last.
    static func run(
        _ name: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        input: String = "",
        in folder: String
    ) async throws {
        var variables: [Environment.Key: String?] = [:]
        for variable in ProcessInfo.processInfo.environment.keys
        where variable.hasPrefix("ETCDCTL_") {
            variables[Environment.Key(stringLiteral: variable)] = .some(nil)
        }
        for (variable, value) in environment {
            variables[Environment.Key(stringLiteral: variable)] = value
        }
        let result = try await Subprocess.run(
            .name(name),
            arguments: Arguments(arguments),
            environment: .inherit.updating(variables),
            workingDirectory: FilePath(folder),
            input: .string(input),
            output: .discarded,
            error: .string(limit: 65536)
        )
        guard result.terminationStatus.isSuccess else {
            let said = result.standardError.split(separator: "\n").last ?? ""
            throw DemoFailure("\(name) \(arguments.first ?? "") failed: \(said)")
        }
    }
}
