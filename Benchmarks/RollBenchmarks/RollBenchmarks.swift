// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BenchmarkReport
import EtcdTestSupport
import Foundation

/// Measures what a rolling operation costs that does nothing.
@main
struct RollBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Measures a roll of units that do nothing, and rolling-lock next to etcdctl lock.",
        discussion:
            "One etcd with fsync on a free loopback port, over TLS with client certificates."
    )

    @Option(help: "The server's version: 3.5.1 or 3.4.23.")
    var etcd: EtcdVersion = .v3_5

    @Option(help: "How many units take turns.")
    var units = 20

    @Option(help: "Rounds; medians are reported.")
    var rounds = 15

    @Option(help: "The rolling-lock to measure.")
    var program = BuiltProgram.rollingLock

    @Option(help: "Write the rows into this file too.")
    var json: String?

    func validate() throws {
        guard self.units > 0, self.rounds > 0 else {
            throw ValidationError("--units and --rounds must be positive")
        }
    }

    func run() async throws {
        let folder = try TemporaryDirectory("roll")
        let certificates = try TestCertificates.make(in: folder.path + "/tls")
        let tls = EtcdProcess.TLS(certificates)
        let rows = try await withEtcd(self.etcd, .init(tls: tls, skipsFsync: false)) { etcd in
            Progress.show("rolls of \(self.units) units in one process")
            let roll = try await Roll(etcd: etcd, certificates: certificates, units: self.units)
                .measure(rounds: self.rounds)
            Progress.show("rolls of \(self.units) processes")
            let tool = ColdTool(
                program: self.program,
                etcd: etcd,
                certificates: certificates
            )
            let processes = try await tool.rolls(of: self.units, rounds: 3)
            Progress.show("rolling-lock next to etcdctl")
            let cold = try await tool.compare(rounds: self.rounds)
            return [
                self.row("roll", "rolling-lock library", roll.roll),
                self.row("bare pairs", "rolling-lock library", roll.pairs),
                self.row("roll", "rolling-lock run", processes.roll),
                self.row("one by one", "rolling-lock run", processes.oneByOne),
                self.row("cold lock", "rolling-lock run", cold.ours),
                self.row("cold lock", "etcdctl lock", cold.etcdctl),
            ]
        }
        let table = ResultTable(
            columns: ["what", "client", "n", "p50_ms", "min_ms", "max_ms"],
            words: 2,
            rows: rows
        )
        print(table.text)
        if let json = self.json {
            try table.json.write(toFile: json, atomically: true, encoding: .utf8)
        }
    }

    private func row(_ what: String, _ client: String, _ durations: [Duration]) -> [String] {
        let sorted = durations.sorted().map { $0 / .milliseconds(1) }
        return [what, client, "\(sorted.count)"]
            + [sorted[sorted.count / 2], sorted[0], sorted[sorted.count - 1]].map {
                "\(($0 * 100).rounded() / 100)"
            }
    }
}

extension EtcdVersion: ExpressibleByArgument {}
