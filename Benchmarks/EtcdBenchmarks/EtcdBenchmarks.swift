// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BenchmarkReport
import EtcdTestSupport
import Foundation

/// Runs workloads with all clients in turn on one etcd and reports the medians.
@main
struct EtcdBenchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures EtcdKit next to Go's clientv3 and h2load, on one etcd it starts itself."
    )

    @Option(help: "Also write the rows to this file, as a JSON array.")
    var json: String?

    @Option(help: "Only this workload; may be repeated.")
    var workload: [Workload] = []

    @Option(help: "Only this client; may be repeated.")
    var client: [BenchmarkClient] = []

    @Option(help: "The server's version: 3.5.1 or 3.4.23.")
    var etcd: EtcdVersion = .v3_5

    @Option(help: "Rounds of each workload; medians are reported.")
    var rounds: Int = 3

    @Option(help: "Length of each measured phase.")
    var seconds: Double = 3

    func validate() throws {
        guard self.rounds > 0, self.seconds > 0 else {
            throw ValidationError("Rounds and seconds must be above 0.")
        }
    }

    func run() async throws {
        let workloads = self.workload.isEmpty ? Workload.allCases : self.workload
        // With fsync, as in production.
        let result = try await withEtcd(self.etcd, .init(skipsFsync: false)) { etcd in
            try await etcd.etcdctl("put", RangeKey.key, RangeKey.value)
            var rows: [Row] = []
            for workload in workloads {
                rows += try await self.measure(workload, on: etcd)
            }
            return rows
        }
        let cores = ProcessInfo.processInfo.activeProcessorCount
        print("\netcd \(self.etcd.rawValue) with fsync, \(cores) cores, clients in turn;")
        print("medians of \(self.rounds) rounds of \(self.seconds) s each\n")
        print(ResultTable(result).text)
        let figures = Figure.all.compactMap { $0.line(for: result) }
        if !figures.isEmpty { print("\nFigures to reach\n" + figures.joined(separator: "\n")) }
        if let json = self.json {
            try ResultTable(result).json.write(
                toFile: json,
                atomically: true,
                encoding: .utf8
            )
        }
    }

    /// Alternates the clients and starts each round with another one, so that none has always the
    /// quiet or the warm moment.
    private func measure(_ workload: Workload, on etcd: EtcdProcess) async throws -> [Row] {
        let clients = workload.clients.filter { self.client.isEmpty || self.client.contains($0) }
        var summaries: [BenchmarkClient: [Summary]] = [:]
        for round in 0..<self.rounds {
            for turn in clients.indices {
                let client = clients[(turn + round) % clients.count]
                let order = Order(
                    workload: workload,
                    round: round,
                    seconds: self.seconds,
                    etcd: etcd
                )
                let summary = try await order.measure(with: client)
                Progress.show(
                    "\(workload.rawValue) \(round + 1)/\(self.rounds) \(client.rawValue): "
                        + "p50 \(Int(summary.p50)) us, \(Int(summary.opsPerSecond)) ops/s"
                )
                summaries[client, default: []].append(summary)
            }
        }
        return clients.compactMap { client in
            Summary(mediansOf: summaries[client] ?? []).map {
                Row(workload: workload, client: client, summary: $0)
            }
        }
    }
}

extension EtcdVersion: ExpressibleByArgument {}

/// What the range workloads read.
enum RangeKey {
    static let key = "bench/range"
    static let value = "0123456789abcdef"
}
