// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport
import Foundation

/// One client under test: its program, and its own way to each member.
struct FaultClient: Sendable {
    let name: String
    private let program: String
    /// In the order of the members.
    let ways: [FaultProxy]

    /// EtcdKit, and etcd's own client for Go.
    static func both(for cluster: EtcdCluster) throws -> [FaultClient] {
        let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().path
        let programs = [
            ("etcdkit", folder + "/FaultBenchmarkWorker"),
            ("go-clientv3", PackageRoot.path + "/Benchmarks/Peers/Go/bench-go"),
        ]
        return try programs.map { name, program in
            guard FileManager.default.isExecutableFile(atPath: program) else {
                throw BenchmarkFailure("\(program) is not there; `make bench-faults` builds it")
            }
            return FaultClient(
                name: name,
                program: program,
                ways: try cluster.members.map { try FaultProxy(to: $0.port) }
            )
        }
    }

    /// Starts the program.
    func start(
        _ workload: String,
        key: String,
        seconds: Double,
        ways: [FaultProxy]? = nil
    ) async throws -> ChildProcess {
        try await ChildProcess.start(
            self.program,
            [
                "--endpoints",
                (ways ?? self.ways).map { "http://127.0.0.1:\($0.port)" }.joined(separator: ","),
                "--workload", workload, "--seconds", "\(seconds)", "--key", key,
            ]
        )
    }
}
