// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport
import Foundation

/// One measurement: a workload, done by one client in a process of its own.
struct Order: Sendable {
    var workload: Workload
    var round: Int
    var seconds: Double
    var etcd: EtcdProcess

    func measure(with client: BenchmarkClient) async throws -> Summary {
        let raw =
            switch client {
            case .etcdkit: try await self.run(Self.ownWorker, key: self.key(client))
            case .goClient: try await self.run(Self.goWorker, key: self.key(client))
            case .h2load: try await H2Load(order: self).measure()
            }
        guard !raw.latencies.isEmpty else {
            throw BenchmarkFailure("\(client.rawValue) \(self.workload.rawValue): nothing measured")
        }
        return Summary(raw)
    }

    /// Built next to this program.
    private static let ownWorker =
        URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().path + "/EtcdBenchmarkWorker"
    private static let goWorker = PackageRoot.path + "/Benchmarks/Peers/Go/bench-go"

    /// All read the same key; nobody writes what another one wrote, or meets another one's locks.
    private func key(_ client: BenchmarkClient) -> String {
        switch self.workload.kind {
        case .range: RangeKey.key
        case .put, .uncontendedLock, .handoff, .watch:
            "bench/\(self.workload.rawValue)/\(client.rawValue)/\(self.round)"
        }
    }

    /// Runs a worker; all take the same arguments and print the same JSON.
    private func run(_ program: String, key: String) async throws -> RawMeasurement {
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw BenchmarkFailure("\(program) is not there; `make bench` builds it")
        }
        let output = try await ChildProcess.run(
            program,
            [
                "--endpoint", self.etcd.endpoint, "--workload", self.workload.rawValue,
                "--seconds", "\(self.seconds)", "--warm-up", "\(self.workload.warmUp)",
                "--key", key,
            ]
        )
        guard output.isSuccess else {
            throw BenchmarkFailure(
                "\(program) \(self.workload.rawValue): status \(output.status)\n"
                    + output.standardError
            )
        }
        return try JSONDecoder().decode(
            RawMeasurement.self,
            from: Data(output.standardOutput.utf8)
        )
    }
}
