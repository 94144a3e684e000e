// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Testing

/// Calls `rolling-lock` for one lock on one etcd.
struct RollingLockTool: Sendable {
    let etcd: EtcdProcess
    var cluster = "blue"

    /// Where the tickets are.
    var queue: String { "/rollingops/default/\(self.cluster)/v1/default/queue/" }

    /// Runs `rolling-lock run` to its end.
    func run(
        unit: String = "app/0",
        _ options: [String] = [],
        command: [String]
    ) async throws -> ChildProcess.Output {
        try await self.start(unit: unit, options, command: command).waitOrKill()
    }

    /// Starts `rolling-lock run`.
    func start(
        unit: String = "app/0",
        _ options: [String] = [],
        command: [String]
    ) async throws -> ChildProcess {
        try await Self.start(
            ["run", "--endpoints", self.etcd.endpoint, "--cluster-id", self.cluster]
                + ["--unit", unit] + options + ["--"] + command
        )
    }

    /// Starts `rolling-lock run` on a command that ends when it is told to, and waits until it holds.
    func startHolding(
        unit: String = "app/0",
        _ options: [String] = [],
        script: String = "echo started; exec sleep 60"
    ) async throws -> ChildProcess {
        let child = try await self.start(unit: unit, options, command: ["sh", "-c", script])
        try await child.says("started")
        return child
    }

    /// Runs `rolling-lock status` to its end.
    func status(_ options: String...) async throws -> ChildProcess.Output {
        try await Self.run(
            ["status", "--endpoints", self.etcd.endpoint, "--cluster-id", self.cluster] + options
        )
    }

    /// How many tickets stand in the queue.
    func ticketCount() async throws -> Int {
        try await self.etcd.etcdctl("get", "--prefix", "--keys-only", self.queue)
            .split(separator: "\n").count
    }

    static func run(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> ChildProcess.Output {
        try await self.start(arguments, environment: environment).waitOrKill()
    }

    static func start(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> ChildProcess {
        // The toolchain's libraries may be found by this variable only.
        var environment = environment
        environment["LD_LIBRARY_PATH"] = ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"]
        return try await ChildProcess.start(
            BuiltProgram.rollingLock,
            arguments,
            environment: .minimal(adding: environment)
        )
    }
}

extension ChildProcess {
    /// Waits until the child has written a text to standard output or standard error.
    func says(_ text: String) async throws {
        try await eventually("the child says \"\(text)\": \(self.standardError)") {
            self.standardOutput.contains(text) || self.standardError.contains(text)
        }
    }
}

/// Waits until something is so; fails after a time that only a broken program needs.
func eventually(
    _ what: @autoclosure () -> String,
    within limit: Duration = .seconds(30),
    _ isSo: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !isSo() {
        guard ContinuousClock.now < deadline else { throw NeverHappened(what: what()) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

struct NeverHappened: Error, CustomStringConvertible {
    let what: String

    var description: String { "did not happen in time: \(self.what)" }
}
