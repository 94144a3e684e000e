// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Foundation
import Glibc

/// A real etcd on free loopback ports, with its data in a temporary folder.
final class EtcdServer: @unchecked Sendable {
    // Unchecked: each test uses its server from one task at a time.
    private var process: Process?
    private let folder: URL
    private let port: UInt16
    private let peerPort: UInt16

    var endpoint: String { "http://127.0.0.1:\(self.port)" }

    private init() {
        let ports = UInt16.random(in: 5_200..<15_900)
        // Below the range of outgoing ports.
        self.port = 2 * ports
        self.peerPort = 2 * ports + 1
        self.folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("etcd-kit-traits-\(UUID().uuidString)")
    }

    /// Runs a closure with a server and removes all of it afterwards.
    static func run<R>(_ body: (EtcdServer) async throws -> R) async throws -> R {
        let server = EtcdServer()
        defer {
            server.kill()
            try? FileManager.default.removeItem(at: server.folder)
        }
        try server.start()
        try await withEtcdClient(configuration: .init(endpoints: [server.endpoint])) { client in
            _ = try await client.withRequestTimeout(.seconds(30)).get("started")
        }
        return try await body(server)
    }

    func start() throws {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = root.appendingPathComponent(".build/etcd-3.5.1/etcd")
        let peer = "http://127.0.0.1:\(self.peerPort)"
        process.arguments = [
            "--name", "one", "--data-dir", self.folder.path, "--unsafe-no-fsync",
            "--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", "one=\(peer)", "--log-level", "error",
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        self.process = process
    }

    /// Stops the server from doing anything; it keeps its connections.
    func freeze() {
        guard let process = self.process else { return }
        let id = process.processIdentifier
        _ = Glibc.kill(id, SIGSTOP)
        // The signal may take its time: what it does is waited for.
        while let status = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            !status.contains(") T ")
        {
            usleep(1000)
        }
    }

    func kill() {
        guard let process = self.process else { return }
        _ = Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        self.process = nil
    }
}

/// Waits until a condition holds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return false
}
