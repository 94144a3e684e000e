// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import Foundation

/// Measures one workload with EtcdKit in this process and prints the figures as JSON.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Measures one workload with EtcdKit in this process."
    )

    @Option(help: "etcd's client address.")
    var endpoint: String

    @Option(help: "The workload, for example range-64.")
    var workload: Workload

    @Option(help: "Length of the measured phase.")
    var seconds: Double = 3

    @Option(help: "Operations before it.")
    var warmUp: Int = 100

    @Option(help: "The key, or the prefix of the keys.")
    var key: String = "bench"

    func run() async throws {
        let task = WorkerTask(
            warmUp: self.warmUp,
            duration: .seconds(self.seconds),
            key: self.key
        )
        let client = try EtcdClient(configuration: .init(endpoints: [self.endpoint]))
        let measurement =
            switch self.workload.kind {
            case .range(let outstanding):
                try await task.measureRequests(outstanding: outstanding) { _, _ in
                    guard try await client.get(task.key) != nil else {
                        throw BenchmarkFailure("the key of the range workload is not there")
                    }
                }
            case .put(let outstanding):
                try await task.measureRequests(outstanding: outstanding) { worker, round in
                    let key = "\(task.key)/\(worker)/\(round % 100)"
                    try await client.put(key, "0123456789abcdef")
                }
            case .uncontendedLock:
                try await task.measureUncontendedLock(client)
            case .handoff(let waiters):
                try await task.measureHandoff(client, waiters: waiters)
            case .watch:
                try await task.measureWatch(client)
            }
        await client.shutdown()
        print(String(decoding: try JSONEncoder().encode(measurement.summary), as: UTF8.self))
    }
}

/// What a worker was asked for.
struct WorkerTask: Sendable {
    var warmUp: Int
    var duration: Duration
    var key: String
}
