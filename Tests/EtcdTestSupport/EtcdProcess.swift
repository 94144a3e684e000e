// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// A real etcd, on free loopback ports, with its data in a temporary folder: a cluster of its own, or
/// a member of an `EtcdCluster`.
///
/// `withEtcd(_:_:)` is the usual way to have one: it stops the server and removes the folder on
/// every way out.
package final class EtcdProcess: Sendable {
    package struct Options: Sendable {
        /// Server certificate and client checks; plain text when nil.
        package var tls: TLS?
        /// Authentication is on, and the user `root` has this password; off when nil.
        package var rootPassword: String?
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
            rootPassword: String? = nil,
            authTokenTTL: Duration? = nil,
            arguments: [String] = [],
            port: UInt16? = nil,
            skipsFsync: Bool = true
        ) {
            self.tls = tls
            self.rootPassword = rootPassword
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

    package let version: EtcdVersion
    package let options: Options
    let place: EtcdPlace
    let binaries: EtcdBinaries
    let child: Mutex<ChildProcess>
    private let founding: EtcdFounding

    private init(
        version: EtcdVersion,
        options: Options,
        place: EtcdPlace,
        founding: EtcdFounding,
        binaries: EtcdBinaries,
        child: ChildProcess
    ) {
        self.version = version
        self.options = options
        self.place = place
        self.founding = founding
        self.binaries = binaries
        self.child = Mutex(child)
    }

    deinit {
        self.child.withLock { $0.signal(SIGKILL) }
    }

    /// Starts a server with a cluster of its own and waits until it answers.
    package static func start(
        _ version: EtcdVersion,
        _ options: Options = .init()
    ) async throws -> EtcdProcess {
        let etcd = try await Self.retryingPorts {
            let place = try EtcdPlace(name: "one", clientPort: options.port)
            return try await Self.start(version, options, place, .newCluster([place]))
        }
        try await etcd.enableAuth()
        return etcd
    }

    /// Starts a member and waits until it answers.
    static func start(
        _ version: EtcdVersion,
        _ options: Options,
        _ place: EtcdPlace,
        _ founding: EtcdFounding
    ) async throws -> EtcdProcess {
        let binaries = try await EtcdBinaries.locate(version)
        let arguments = options.arguments(for: place, founding)
        return EtcdProcess(
            version: version,
            options: options,
            place: place,
            founding: founding,
            binaries: binaries,
            child: try await Self.launch(binaries, arguments, place)
        )
    }

    /// Repeats a start: another process may take a port between the look and the start.
    static func retryingPorts<R>(_ start: () async throws -> R) async throws -> R {
        for _ in 0..<5 {
            do {
                return try await start()
            } catch let failure as EtcdStartFailure where failure.isPortTaken {
                continue
            }
        }
        throw EtcdStartFailure(log: "no free ports in five attempts: address already in use")
    }

    /// Starts the server again on the same ports and data, after `stop()` or `kill()`.
    package func startAgain() async throws {
        let arguments = self.options.arguments(for: self.place, self.founding)
        let child = try await Self.launch(self.binaries, arguments, self.place)
        self.child.withLock { $0 = child }
    }

    private static func launch(
        _ binaries: EtcdBinaries,
        _ arguments: [String],
        _ place: EtcdPlace
    ) async throws -> ChildProcess {
        let child = try await ChildProcess.start(binaries.etcd, arguments)
        place.surroundings?.network.started(place.name, child.processID)
        do {
            let deadline = ContinuousClock.now + .seconds(30)
            while await !HealthProbe.isUp(place) {
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
}

/// etcd did not come up.
package struct EtcdStartFailure: Error, CustomStringConvertible {
    package var log: String

    var isPortTaken: Bool { self.log.contains("address already in use") }

    package var description: String {
        "etcd did not start. The end of its log:\n\(log.suffix(3000))"
    }
}
