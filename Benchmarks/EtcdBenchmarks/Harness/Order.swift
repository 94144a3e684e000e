// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation

/// One measurement: a workload, done by one client in a process of its own.
struct Order: Sendable {
    var workload: Workload
    var round: Int
    var seconds: Double
    var etcd: EtcdProcess

    func measure(with client: BenchmarkClient) async throws -> Summary {
        switch client {
        case .etcdkit:
            try await self.runWorker(
                "/proc/self/exe",
                first: ["worker"],
                prefix: "--",
                key: self.key(client)
            )
        case .goClient:
            try await self.runWorker(
                PackageRoot.path + "/Benchmarks/Peers/Go/bench-go",
                first: [],
                prefix: "-",
                key: self.key(client)
            )
        case .h2load:
            try await H2Load(order: self).measure()
        }
    }

    /// All read the same key; nobody writes what another one wrote, or meets another one's locks.
    private func key(_ client: BenchmarkClient) -> String {
        switch self.workload.kind {
        case .range: RangeKey.key
        case .put, .uncontendedLock, .handoff, .watch:
            "bench/\(self.workload.rawValue)/\(client.rawValue)/\(self.round)"
        }
    }

    /// Runs a program that prints a `Summary` as JSON.
    private func runWorker(
        _ program: String,
        first: [String],
        prefix: String,
        key: String
    ) async throws -> Summary {
        let program = URL(fileURLWithPath: program).resolvingSymlinksInPath().path
        guard FileManager.default.isExecutableFile(atPath: program) else {
            throw BenchmarkFailure("\(program) is not there; `make bench` builds it")
        }
        let options = [
            "endpoint": self.etcd.endpoint, "workload": self.workload.rawValue,
            "seconds": "\(self.seconds)", "warm-up": "\(self.workload.warmUp)", "key": key,
        ]
        let output = try await ChildProcess.run(
            program,
            first + options.flatMap { [prefix + $0, $1] }
        )
        guard output.isSuccess else {
            throw BenchmarkFailure("\(program) \(self.workload.rawValue): \(output)")
        }
        let summary = try JSONDecoder().decode(
            Summary.self,
            from: Data(output.standardOutput.utf8)
        )
        guard summary.n > 0 else {
            throw BenchmarkFailure("\(program) \(self.workload.rawValue) measured nothing")
        }
        return summary
    }
}
