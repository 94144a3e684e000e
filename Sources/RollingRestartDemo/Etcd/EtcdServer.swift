// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import ProcessControl

/// A throw-away etcd, set up as charmed-etcd does it: TLS, client certificates required, and for
/// the application a user without password that may use one prefix.
struct EtcdServer: Sendable {
    let endpoint: String
    let certificates: Certificates
    private let process: ManagedProcess
    private let folder: WorkFolder

    /// Starts it and waits until it answers.
    static func start(
        in folder: WorkFolder,
        certificates: Certificates
    ) async throws -> EtcdServer {
        let ports = try LoopbackPorts.free(2)
        let client = "https://127.0.0.1:\(ports[0])"
        let peer = "http://127.0.0.1:\(ports[1])"
        let process = try await ManagedProcess.start(
            "etcd",
            [
                "--name", "etcd-0", "--data-dir", folder.file("etcd"),
                "--listen-client-urls", client, "--advertise-client-urls", client,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", "etcd-0=\(peer)",
                "--cert-file", certificates.server, "--key-file", certificates.serverKey,
                "--trusted-ca-file", certificates.trusted, "--client-cert-auth",
                "--heartbeat-interval", "100", "--election-timeout", "1000",
                "--logger", "zap", "--log-outputs", folder.file("etcd.log"),
            ]
        ) { _ in }
        let server = EtcdServer(
            endpoint: client,
            certificates: certificates,
            process: process,
            folder: folder
        )
        do {
            try await server.waitUntilHealthy()
        } catch {
            await server.stop()
            throw error
        }
        return server
    }

    /// Makes the administrator, switches the access control on, and grants a prefix to the
    /// application.
    func grant(prefix: String) async throws {
        let password = String(UInt64.random(in: .min ... .max), radix: 36)
        let user = self.certificates.user
        // Passwords go by standard input and environment: arguments are public.
        try await self.etcdctl("user", "add", "root", "--interactive=false", input: password)
        try await self.etcdctl("auth", "enable")
        let root = "root:\(password)"
        try await self.etcdctl("user", "add", user, "--no-password=true", as: root)
        try await self.etcdctl("role", "add", user, as: root)
        try await self.etcdctl("user", "grant-role", user, user, as: root)
        try await self.etcdctl(
            "role",
            "grant-permission",
            user,
            "--prefix=true",
            "readwrite",
            prefix,
            as: root
        )
    }

    func stop() async { await self.process.stop() }

    private func waitUntilHealthy() async throws {
        let limit = ContinuousClock.now + .seconds(30)
        while true {
            do {
                try await self.etcdctl("endpoint", "health")
                return
            } catch {
                try Task.checkCancellation()
                guard ContinuousClock.now < limit else {
                    throw DemoFailure("etcd did not start within 30 s: \(self.lastLogLine())")
                }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func lastLogLine() -> String {
        let data = try? Data(contentsOf: URL(filePath: self.folder.file("etcd.log")))
        let text = data.map { String(decoding: $0, as: UTF8.self) } ?? "no log"
        return text.split(separator: "\n").last.map(String.init) ?? "empty log"
    }

    private func etcdctl(
        _ arguments: String...,
        as user: String? = nil,
        input: String = ""
    ) async throws {
        var environment = [
            "ETCDCTL_API": "3",
            "ETCDCTL_ENDPOINTS": self.endpoint,
            "ETCDCTL_CACERT": self.certificates.serverAuthority,
            // The administrator shows the server's own certificate, as the charm does.
            "ETCDCTL_CERT": self.certificates.server,
            "ETCDCTL_KEY": self.certificates.serverKey,
        ]
        environment["ETCDCTL_USER"] = user
        try await Program.run(
            "etcdctl",
            arguments,
            environment: environment,
            input: input,
            in: self.folder.path
        )
    }
}
