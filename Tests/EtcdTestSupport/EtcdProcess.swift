// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A real etcd with one member, on free loopback ports, with its data in a temporary folder.
///
/// `withEtcd(_:_:)` is the usual way to have one: it stops the server and removes the folder on
/// every way out.
package final class EtcdProcess: Sendable {
    package struct Options: Sendable {
        /// Server certificate and client checks; plain text when nil.
        package var tls: TLS?
        /// How long a token of user and password holds.
        package var authTokenTTL: Duration?
        /// Further arguments for etcd.
        package var arguments: [String]
        /// The client port; a free one when nil.
        package var port: UInt16?
        /// Leaves fsync out, which saves tests most of their time; not for measurements.
        package var skipsFsync: Bool

        package init(
            tls: TLS? = nil,
            authTokenTTL: Duration? = nil,
            arguments: [String] = [],
            port: UInt16? = nil,
            skipsFsync: Bool = true
        ) {
            self.tls = tls
            self.authTokenTTL = authTokenTTL
            self.arguments = arguments
            self.port = port
            self.skipsFsync = skipsFsync
        }
    }

    /// Paths of PEM files.
    package struct TLS: Sendable {
        /// The server's certificate and key, which `etcdctl` presents too.
        package var certificate: String
        package var privateKey: String
        /// What `etcdctl` checks the server's certificate against.
        package var certificateAuthority: String
        /// What the server checks client certificates against; asks for none when nil.
        package var clientAuthority: String?

        package init(
            certificate: String,
            privateKey: String,
            certificateAuthority: String,
            clientAuthority: String? = nil
        ) {
            self.certificate = certificate
            self.privateKey = privateKey
            self.certificateAuthority = certificateAuthority
            self.clientAuthority = clientAuthority
        }

        /// The server's files of these certificates.
        ///
        /// - Parameters:
        ///   - certificates: An authority and what it issued.
        ///   - requiresClientCertificate: Refuses clients without one.
        package init(_ certificates: TestCertificates, requiresClientCertificate: Bool = true) {
            self.init(
                certificate: certificates.server,
                privateKey: certificates.serverKey,
                certificateAuthority: certificates.ca,
                clientAuthority: requiresClientCertificate ? certificates.ca : nil
            )
        }
    }

    struct Ports {
        var client: UInt16
        var peer: UInt16
        /// Plain HTTP with `/health`, also when the client port speaks TLS.
        var health: UInt16
    }

    package let version: EtcdVersion
    package let options: Options
    let directory: TemporaryDirectory
    let binaries: EtcdBinaries
    let ports: Ports
    let child: Mutex<ChildProcess>

    private init(
        version: EtcdVersion,
        options: Options,
        directory: TemporaryDirectory,
        binaries: EtcdBinaries,
        ports: Ports,
        child: ChildProcess
    ) {
        self.version = version
        self.options = options
        self.directory = directory
        self.binaries = binaries
        self.ports = ports
        self.child = Mutex(child)
    }

    deinit {
        self.child.withLock { $0.signal(SIGKILL) }
    }

    /// Starts a server and waits until it answers.
    package static func start(
        _ version: EtcdVersion,
        _ options: Options = .init()
    ) async throws -> EtcdProcess {
        let binaries = try await EtcdBinaries.locate(version)
        let folder = try TemporaryDirectory("etcd")
        // Another process may take a port between the look and the start.
        for _ in 0..<5 {
            let ports = try Ports(
                client: options.port ?? LoopbackPort.free(),
                peer: LoopbackPort.free(),
                health: LoopbackPort.free()
            )
            let arguments = Self.arguments(options, folder: folder.path, ports: ports)
            do {
                let child = try await Self.launch(binaries, arguments, healthPort: ports.health)
                return EtcdProcess(
                    version: version,
                    options: options,
                    directory: folder,
                    binaries: binaries,
                    ports: ports,
                    child: child
                )
            } catch let failure as EtcdStartFailure where failure.isPortTaken {
                continue
            }
        }
        throw EtcdStartFailure(log: "no free ports in five attempts: address already in use")
    }

    /// Starts the server again on the same ports and data, after `stop()` or `kill()`.
    package func startAgain() async throws {
        let arguments = Self.arguments(self.options, folder: self.directory.path, ports: self.ports)
        let child = try await Self.launch(
            self.binaries,
            arguments,
            healthPort: self.ports.health
        )
        self.child.withLock { $0 = child }
    }

    private static func launch(
        _ binaries: EtcdBinaries,
        _ arguments: [String],
        healthPort: UInt16
    ) async throws -> ChildProcess {
        let child = try await ChildProcess.start(binaries.etcd, arguments)
        do {
            let deadline = ContinuousClock.now + .seconds(30)
            while await !HealthProbe.isHealthy(port: healthPort) {
                guard child.isRunning, ContinuousClock.now < deadline else {
                    throw EtcdStartFailure(log: child.standardError)
                }
                try await Task.sleep(for: .milliseconds(10))
            }
            return child
        } catch {
            child.signal(SIGKILL)
            await child.wait()
            throw error
        }
    }

    private static func arguments(
        _ options: Options,
        folder: String,
        ports: Ports
    ) -> [String] {
        let scheme = options.tls == nil ? "http" : "https"
        let client = "\(scheme)://127.0.0.1:\(ports.client)"
        let peer = "http://127.0.0.1:\(ports.peer)"
        var arguments = [
            "--name", "one", "--data-dir", folder + "/data",
            "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", "one=\(peer)",
            "--listen-metrics-urls", "http://127.0.0.1:\(ports.health)",
            "--logger", "zap", "--log-outputs", "stderr", "--log-level", "error",
        ]
        if options.skipsFsync { arguments.append("--unsafe-no-fsync") }
        if let tls = options.tls {
            arguments += ["--cert-file", tls.certificate, "--key-file", tls.privateKey]
            if let clientAuthority = tls.clientAuthority {
                arguments += ["--client-cert-auth", "--trusted-ca-file", clientAuthority]
            }
        }
        if let authTokenTTL = options.authTokenTTL {
            arguments += ["--auth-token-ttl", "\(authTokenTTL.components.seconds)"]
        }
        return arguments + options.arguments
    }
}

/// etcd did not come up.
package struct EtcdStartFailure: Error, CustomStringConvertible {
    package var log: String

    var isPortTaken: Bool { self.log.contains("address already in use") }

    package var description: String {
        "etcd did not start. The end of its log:\n\(log.suffix(3000))"
    }
}
