// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BenchmarkReport
import EtcdTestSupport
import Foundation

/// Does the same to EtcdKit and to Go's client, at the same time, and reports how long each stood still.
@main
struct FaultBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures EtcdKit next to Go's clientv3 while members of a cluster fail."
    )

    @Option(help: "Only this fault; may be repeated.")
    var fault: [Fault] = []

    @Option(help: "Only this member; may be repeated.")
    var victim: [Victim] = []

    @Option(help: "The servers' version: 3.5.1 or 3.4.23.")
    var etcd: EtcdVersion = .v3_5

    @Option(help: "Rounds of each fault; the worst is reported.")
    var rounds: Int = 1

    @Option(help: "How long a fault lasts, in seconds.")
    var seconds: Double = 12

    @Flag(help: "Leave the watches out.")
    var noWatch = false

    func run() async throws {
        try await withEtcdCluster(self.etcd, size: 3) { cluster in
            let clients = try FaultClient.both(for: cluster)
            var rows: [[String]] = []
            for fault in self.fault.isEmpty ? Fault.allCases : self.fault {
                for victim in self.victim.isEmpty ? Victim.allCases : self.victim {
                    let trial = PutTrial(
                        cluster: cluster,
                        clients: clients,
                        fault: fault,
                        victim: victim,
                        seconds: self.seconds
                    )
                    var outcomes: [[PutOutcomes]] = []
                    for _ in 0..<self.rounds { outcomes.append(try await trial.run()) }
                    rows += Self.rows(fault, victim, clients, outcomes)
                }
            }
            let cores = ProcessInfo.processInfo.activeProcessorCount
            print(
                "\netcd \(self.etcd.rawValue), three members, \(cores) cores; a put every 10 ms\n"
            )
            let columns = [
                "fault", "member", "client", "gap_s", "ratio", "ok", "ambiguous", "error",
            ]
            print(ResultTable(columns: columns, words: 3, rows: rows).text)
            if !self.noWatch {
                print("\nA watch whose member is restarted, a put every 10 ms\n")
                let trial = WatchTrial(cluster: cluster, clients: clients)
                let rows = try await trial.run(knowsOthers: true) + trial.run(knowsOthers: false)
                let columns = ["endpoints", "client", "delay_s", "wrong"]
                print(ResultTable(columns: columns, words: 2, rows: rows).text)
            }
        }
    }

    private static func rows(
        _ fault: Fault,
        _ victim: Victim,
        _ clients: [FaultClient],
        _ outcomes: [[PutOutcomes]]
    ) -> [[String]] {
        let worst = clients.indices.map { client in outcomes.map { $0[client].worstGap }.max() ?? 0
        }
        return clients.enumerated().map { index, client in
            let all = outcomes.map { $0[index] }
            return [
                fault.rawValue, victim.rawValue, client.name,
                String(format: "%.2f", worst[index]),
                String(format: "%.2f", worst[0] / worst[index]),
                "\(all.map(\.succeeded).reduce(0, +))", "\(all.map(\.ambiguous).reduce(0, +))",
                "\(all.map(\.failed).reduce(0, +))",
            ]
        }
    }
}

extension EtcdVersion: ExpressibleByArgument {}
