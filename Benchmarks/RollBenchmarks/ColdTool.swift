// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import EtcdTestSupport

/// Processes that start, take a lock, run a command that does nothing, and end.
struct ColdTool {
    let program: String
    let etcd: EtcdProcess
    let certificates: TestCertificates

    /// How long rolls of processes took that all start at once, and as many one after the other.
    func rolls(
        of units: Int,
        rounds: Int
    ) async throws -> (roll: [Duration], oneByOne: [Duration]) {
        var rolls: [Duration] = []
        var series: [Duration] = []
        for _ in 0..<rounds {
            rolls.append(
                try await ContinuousClock().measure {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for unit in 0..<units {
                            group.addTask { try await self.lock(unit: "app/\(unit)") }
                        }
                        try await group.waitForAll()
                    }
                }
            )
            series.append(
                try await ContinuousClock().measure {
                    for unit in 0..<units { try await self.lock(unit: "app/\(unit)") }
                }
            )
        }
        return (rolls, series)
    }

    /// Both tools in alternation.
    func compare(rounds: Int) async throws -> (ours: [Duration], etcdctl: [Duration]) {
        var ours: [Duration] = []
        var theirs: [Duration] = []
        // The first round warms up: the programs' files.
        for round in 0...rounds {
            let isFirst = round.isMultiple(of: 2)
            for isOurs in [isFirst, !isFirst] {
                let duration = try await ContinuousClock().measure {
                    if isOurs {
                        try await self.lock(unit: "app/0")
                    } else {
                        try await self.etcdctl()
                    }
                }
                if round == 0 { continue }
                if isOurs { ours.append(duration) } else { theirs.append(duration) }
            }
        }
        return (ours, theirs)
    }

    private func lock(unit: String) async throws {
        let child = try await ChildProcess.start(
            self.program,
            [
                "run", "--quiet", "--endpoints", self.etcd.endpoint, "--cacert",
                self.certificates.ca, "--cert", self.certificates.client, "--key",
                self.certificates.clientKey, "--cluster-id", "cold", "--unit", unit, "--", "true",
            ]
        )
        try Self.check(await child.waitOrKill(), "rolling-lock run")
    }

    private func etcdctl() async throws {
        let child = try await self.etcd.startEtcdctl(["lock", "cold", "true"])
        try Self.check(await child.waitOrKill(), "etcdctl lock")
    }

    private static func check(_ output: ChildProcess.Output, _ what: String) throws {
        guard output.isSuccess else {
            throw BenchmarkFailure("\(what) ended with \(output.status): \(output.standardError)")
        }
    }
}
