// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Testing

/// Calls `rolling-lock` as one unit with a state folder of its own.
struct ToolUnit: Sendable {
    let tool: RollingLockTool
    let folder: TemporaryDirectory
    let name: String

    init(_ etcd: EtcdProcess, _ name: String = "app/0") throws {
        self.tool = RollingLockTool(etcd: etcd)
        self.folder = try TemporaryDirectory("state")
        self.name = name
    }

    /// Where the unit keeps what must survive its processes.
    var statePath: String {
        self.folder.path + "/blue/default/" + self.name.replacingOccurrences(of: "/", with: "%2f")
    }

    var holdFile: String { self.statePath + "/hold.json" }

    /// The commands that ask etcd for nothing.
    private static let localCommands = ["request", "requests"]

    func arguments(_ command: String, _ options: [String]) -> [String] {
        let endpoints =
            Self.localCommands.contains(command) ? [] : ["--endpoints", self.tool.etcd.endpoint]
        return [command, "--cluster-id", self.tool.cluster, "--unit", self.name] + endpoints
            + ["--state-dir", self.folder.path] + options
    }

    @discardableResult
    func run(
        _ command: String,
        _ options: String...,
        environment: [String: String] = [:]
    ) async throws -> ChildProcess.Output {
        try await RollingLockTool.run(self.arguments(command, options), environment: environment)
    }

    func start(
        _ command: String,
        _ options: String...,
        environment: [String: String] = [:]
    ) async throws -> ChildProcess {
        try await RollingLockTool.start(self.arguments(command, options), environment: environment)
    }

    /// Starts a worker with short pauses whose command is a shell script, and waits until it listens.
    func startWorker(
        _ options: [String] = [],
        environment: [String: String] = [:],
        script: String
    ) async throws -> ChildProcess {
        let worker = try await RollingLockTool.start(
            self.arguments(
                "worker",
                ["--backoff", "100ms", "--max-backoff", "200ms"] + options
                    + ["--", "sh", "-c", script]
            ),
            environment: environment
        )
        try await worker.says("waiting for requests")
        return worker
    }

    /// Stops a worker; what it wrote on standard output.
    @discardableResult
    func stop(_ worker: ChildProcess) async -> String {
        worker.signal(SIGTERM)
        let output = await worker.wait()
        #expect(output.status == 0, "\(output)")
        return output.standardOutput
    }

    /// What was asked for and is not done.
    func requests() async throws -> [[String: Any]] {
        let output = try await self.run("requests", "--json")
        let object = try JSONSerialization.jsonObject(with: Data(output.standardOutput.utf8))
        return try #require(object as? [[String: Any]])
    }

    /// A field of what is written down of the lock.
    func recorded(_ field: String) throws -> String {
        let data = try Data(contentsOf: URL(filePath: self.holdFile))
        let record = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return "\(try #require(record?[field]))"
    }
}
