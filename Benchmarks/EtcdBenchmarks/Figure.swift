// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport

/// A ratio to another client that EtcdKit is meant to reach.
struct Figure {
    var workload: Workload
    var name: String
    var value: @Sendable (Summary) -> Double
    var peer: BenchmarkClient
    var bound: Bound

    static let all: [Figure] = [
        .init(.range64, "ops/s", { $0.opsPerSecond }, .goClient, .atLeast(1.5)),
        .init(.range64, "ops/s", { $0.opsPerSecond }, .h2load, .atLeast(0.75)),
        .init(.range1, "p50", { $0.p50 }, .goClient, .atMost(0.9)),
        .init(.range64, "client CPU per op", { $0.processorTimePerOp }, .goClient, .atMost(0.5)),
        .init(.handoff2, "ops/s", { $0.opsPerSecond }, .goClient, .atLeast(8)),
        .init(.handoff10, "ops/s", { $0.opsPerSecond }, .goClient, .atLeast(8)),
        .init(.handoff2, "p99", { $0.p99 }, .goClient, .atMost(0.1)),
        .init(.handoff10, "p99", { $0.p99 }, .goClient, .atMost(0.1)),
        .init(.lockUncontended, "p50", { $0.p50 }, .goClient, .atMost(0.85)),
    ]

    private init(
        _ workload: Workload,
        _ name: String,
        _ value: @escaping @Sendable (Summary) -> Double,
        _ peer: BenchmarkClient,
        _ bound: Bound
    ) {
        self.workload = workload
        self.name = name
        self.value = value
        self.peer = peer
        self.bound = bound
    }

    /// The figure with target and verdict; nil when a client of it was not measured.
    func line(for rows: [Row]) -> String? {
        func value(_ client: BenchmarkClient) -> Double? {
            rows.first { $0.workload == self.workload && $0.client == client }
                .map { self.value($0.summary) }
        }
        guard let ours = value(.etcdkit), let theirs = value(self.peer), theirs > 0 else {
            return nil
        }
        return self.bound.line(
            "\(self.workload.rawValue) \(self.name)",
            against: self.peer.rawValue,
            value: ours / theirs
        )
    }
}
