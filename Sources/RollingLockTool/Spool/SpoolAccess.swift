// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials

/// Runs a command that works on the spool alone and needs no etcd.
enum SpoolAccess {
    static func run(
        _ lock: LockOptions,
        _ state: StateOptions,
        _ body: (Spool) throws -> Void
    ) throws {
        do {
            let environment = ProcessInfo.processInfo.environment
            let unit = try lock.resolvedUnit(environment: environment)
            let directory = try state.directory(lock, unit: unit, environment: environment)
            try body(Spool(directory.spoolPath))
        } catch {
            let failure = ToolFailure(error)
            StandardStream.error.write("rolling-lock: \(failure.message)\n")
            throw ExitCode(failure.status)
        }
    }
}
