// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

extension EtcdProcess {
    /// Where its data is.
    package var folder: String { self.place.directory.path }

    package var name: String { self.place.name }

    package var port: UInt16 { self.place.clientPort }
    /// The port members talk to each other on, which is not for clients.
    package var peerPort: UInt16 { self.place.peerPort }

    package var peerURL: String { self.place.peerURL }

    /// What stands before the client port of a member of a proxied cluster.
    package var proxy: FaultProxy {
        guard let proxy = self.place.surroundings?.clientProxy else {
            preconditionFailure("only members of a proxied cluster have proxies")
        }
        return proxy
    }

    /// As EtcdKit takes it, with scheme; leads to the server itself.
    package var endpoint: String { self.endpoint(port: self.port) }

    /// The address of a `FaultProxy` before this server.
    package func endpoint(through proxy: FaultProxy) -> String { self.endpoint(port: proxy.port) }

    /// The address that clients are told: that of the proxy if there is one.
    var advertisedEndpoint: String { self.endpoint(port: self.place.advertisedClientPort) }

    private func endpoint(port: UInt16) -> String {
        "\(self.options.tls == nil ? "http" : "https")://127.0.0.1:\(port)"
    }

    package var processID: Int32 { self.child.withLock { $0.processID } }

    package var isRunning: Bool { self.child.withLock { $0.isRunning } }

    /// The log so far; etcd writes errors only.
    package var log: String { self.child.withLock { $0.standardError } }

    /// Asks it to stop and waits.
    ///
    /// Open streams can delay a server by seconds; it is killed after ten.
    package func stop() async {
        let child = self.child.withLock { $0 }
        child.signal(SIGCONT)
        child.signal(SIGTERM)
        // Structured concurrency would wait for the timer too.
        let killer = Task {
            try await Task.sleep(for: .seconds(10))
            child.signal(SIGKILL)
        }
        await child.wait()
        killer.cancel()
    }

    /// Ends it at once, as a crash would; the kernel closes its connections.
    package func kill() async {
        let child = self.child.withLock { $0 }
        child.signal(SIGKILL)
        await child.wait()
    }

    /// Makes it hang: connections stay open, and nobody answers.
    package func pause() {
        self.child.withLock { $0.signal(SIGSTOP) }
    }

    package func resume() {
        self.child.withLock { $0.signal(SIGCONT) }
    }

    /// Stops it and starts it again on the same ports and data.
    package func restart() async throws {
        await self.stop()
        try await self.startAgain()
    }

    /// Kills it and removes its folder.
    package func remove() async {
        await self.kill()
        self.place.directory.remove()
    }

    /// Runs `etcdctl` of the server's version against the server.
    ///
    /// Endpoint, TLS files and user stand before the arguments; a `--cert`, `--key` and `--user`
    /// among them win.
    ///
    /// - Parameters:
    ///   - arguments: Subcommand and flags.
    ///   - proxy: Connects there and not to the server itself.
    /// - Returns: Standard output, without the last line break.
    /// - Throws: `ChildProcess.Failure` when the status is not 0.
    @discardableResult
    package func etcdctl(
        _ arguments: String...,
        through proxy: FaultProxy? = nil
    ) async throws -> String {
        let output = try await self.startEtcdctl(arguments, through: proxy).waitOrKill()
        guard output.isSuccess else {
            throw ChildProcess.Failure(
                command: "etcdctl \(arguments.joined(separator: " "))",
                output: output
            )
        }
        let text = output.standardOutput
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }

    /// Turns authentication on if the options say so.
    func enableAuth() async throws {
        guard let password = self.options.rootPassword else { return }
        try await self.etcdctl("user", "add", "root:\(password)")
        try await self.etcdctl("user", "grant-role", "root", "root")
        try await self.etcdctl("auth", "enable")
    }

    /// Starts `etcdctl` and leaves it running, for `lock` and `watch`.
    package func startEtcdctl(
        _ arguments: [String],
        through proxy: FaultProxy? = nil
    ) async throws -> ChildProcess {
        var flags = ["--endpoints", self.endpoint(port: proxy?.port ?? self.port)]
        if let tls = self.options.tls {
            flags += ["--cacert", tls.certificateAuthority]
            if tls.clientAuthority != nil {
                flags += ["--cert", tls.certificate, "--key", tls.privateKey]
            }
        }
        if let password = self.options.rootPassword { flags += ["--user", "root:\(password)"] }
        return try await ChildProcess.start(
            self.binaries.etcdctl,
            flags + arguments,
            environment: .minimal(adding: ["ETCDCTL_API": "3"])
        )
    }
}
