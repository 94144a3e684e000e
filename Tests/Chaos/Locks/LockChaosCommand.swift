// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdTestSupport

/// The program behind `make chaos-lock`.
struct LockChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "locks",
        abstract:
            "Lets processes contend for one lock under random faults, and judges the history.",
        discussion: """
            Three members on loopback, and processes that take one lock again and again, some \
            through proxies of their own. Members are killed, stopped, isolated and hidden; \
            contenders are killed, stopped and cut off, their leases revoked and their tickets \
            deleted. A checker reads what all of them wrote into one log, and what happened in the \
            store.

            EXIT STATUS:
              0      no violation            3      the members disagree among themselves: the
              1      a violation                    servers' fault, nothing is said of the lock
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

    @Option(help: "How many processes contend.")
    var contenders: Int = 20

    @Option(help: "How many seconds leases live.")
    var ttl: Int = 2

    @Option(help: "A kind of fault that may happen, as the report names it; all if left out.")
    var fault: [String] = []

    @Option(
        help: """
            Contenders that are wrong on purpose: careless, naive or impatient. The checker has to \
            find them.
            """
    )
    var broken: String?

    @Option(help: "A file for everything that was said and done, with times, to look into.")
    var journal: String?

    @Flag(help: "TLS between clients and servers.")
    var tls = false

    @Flag(help: "Writes the report as JSON to standard output, everything else to standard error.")
    var json = false

    func run() async throws {
        let plan = LockChaosPlan(
            duration: .seconds(self.duration),
            seed: self.seed ?? .random(in: 0...UInt64(UInt32.max)),
            version: self.etcd,
            isSecure: self.tls,
            contenders: self.contenders,
            leaseTTL: .seconds(self.ttl),
            faults: self.fault.isEmpty ? nil : Set(self.fault),
            defect: self.broken,
            journal: self.journal
        )
        let output = Output(isJSON: self.json)
        try await output.judge { try await LockChaosRun(plan, output).run() }
    }

    func validate() throws {
        guard (1...86_400).contains(self.duration) else {
            throw ValidationError("the duration is a number of seconds, at least 1")
        }
        guard (2...60).contains(self.contenders) else {
            throw ValidationError("there are 2 to 60 contenders")
        }
        guard (2...60).contains(self.ttl) else {
            throw ValidationError("leases live 2 to 60 seconds")
        }
        for name in self.fault
        where Fault(rawValue: name) == nil && ContenderFault(rawValue: name) == nil {
            throw ValidationError("there is no fault \(name)")
        }
        if let broken, !["careless", "naive", "impatient"].contains(broken) {
            throw ValidationError("contenders are careless, naive or impatient")
        }
    }
}

/// What is to be done.
struct LockChaosPlan: Sendable {
    var duration: Duration
    var seed: UInt64
    var version: EtcdVersion
    var isSecure: Bool
    var contenders: Int
    var leaseTTL: Duration
    /// All if nil.
    var faults: Set<String>?
    var defect: String?
    var journal: String?

    func wants(_ name: String) -> Bool { self.faults?.contains(name) ?? true }
}
