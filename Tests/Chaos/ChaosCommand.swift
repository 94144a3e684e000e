// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdTestSupport

/// The program behind `make chaos`.
struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients",
        abstract:
            "Uses a throw-away etcd cluster under random faults, and judges what clients saw.",
        discussion: """
            Three members on loopback, clients through fault proxies: writes, reads, transactions, \
            watches, compactions and leases, while members are killed, stopped and isolated and \
            connections cut, delayed and silenced. Oracles compare everything that clients were told \
            with the history of the store.

            EXIT STATUS:
              0      no violation            3      the members disagree among themselves: the
              1      a violation                    servers' fault, nothing is said of the client
              2      it could not be run     128+n  ended by signal n
            """
    )

    @Option(name: .shortAndLong, help: "How many seconds faults are injected.")
    var duration: Int = 60

    @Option(
        name: .shortAndLong,
        help: "Brings the faults of an earlier run back; random if left out."
    )
    var seed: UInt64?

    @Option(help: "The version of the servers: 3.5.1 or 3.4.23.")
    var etcd: EtcdVersion = .v3_5

    @Option(help: "A kind of fault that may happen, as the report names it; all if left out.")
    var fault: [Fault] = []

    @Flag(help: "TLS between clients and servers; bytes are flipped then, too.")
    var tls = false

    @Flag(help: "Authentication by user and password.")
    var auth = false

    @Flag(help: "Writes the report as JSON to standard output, everything else to standard error.")
    var json = false

    func run() async throws {
        let plan = ChaosPlan(
            duration: .seconds(self.duration),
            seed: self.seed ?? .random(in: 0...UInt64(UInt32.max)),
            version: self.etcd,
            isSecure: self.tls,
            hasUsers: self.auth,
            faults: self.fault.isEmpty ? nil : Set(self.fault)
        )
        let output = Output(isJSON: self.json)
        try await output.judge { try await ChaosRun(plan, output).run() }
    }

    func validate() throws {
        guard (1...86_400).contains(self.duration) else {
            throw ValidationError("the duration is a number of seconds, at least 1")
        }
    }
}

extension EtcdVersion: ExpressibleByArgument {}
extension Fault: ExpressibleByArgument {}

/// What is to be done.
struct ChaosPlan: Sendable {
    var duration: Duration
    var seed: UInt64
    var version: EtcdVersion
    var isSecure: Bool
    var hasUsers: Bool
    /// All if nil.
    var faults: Set<Fault>?
}
