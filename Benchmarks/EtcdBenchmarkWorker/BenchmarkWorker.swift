// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// Measures one workload with EtcdKit in this process and prints what it saw as JSON.
///
/// It takes the same arguments and prints the same JSON as the other clients' workers. It links
/// nothing but the library under test, so that its memory is what a user's program would need.
@main
enum BenchmarkWorker {
    static func main() async throws {
        let arguments = try WorkerArguments(CommandLine.arguments.dropFirst())
        let task = WorkerTask(
            warmUp: arguments.warmUp,
            duration: .seconds(arguments.seconds),
            key: arguments.key
        )
        let client = try EtcdClient(configuration: .init(endpoints: [arguments.endpoint]))
        let measurement = try await self.measure(arguments, task, client)
        await client.shutdown()
        measurement.printJSON()
    }

    private static func measure(
        _ arguments: WorkerArguments,
        _ task: WorkerTask,
        _ client: EtcdClient
    ) async throws -> Measurement {
        switch arguments.kind {
        case "range":
            try await task.measureRequests(outstanding: arguments.count) { _, _ in
                guard try await client.get(task.key) != nil else {
                    throw WorkerFailure("the key to read is not there")
                }
            }
        case "put":
            try await task.measureRequests(outstanding: arguments.count) { worker, round in
                let key = "\(task.key)/\(worker)/\(round % 100)"
                try await client.put(key, "0123456789abcdef")
            }
        case "lock-uncontended":
            try await task.measureUncontendedLock(client)
        case "handoff":
            try await task.measureHandoff(client, waiters: arguments.count)
        case "watch":
            try await task.measureWatch(client)
        default:
            throw WorkerFailure("unknown workload \(arguments.kind)")
        }
    }
}

/// What a workload is measured with.
struct WorkerTask: Sendable {
    /// Operations before the measured phase.
    var warmUp: Int
    /// Length of the measured phase.
    var duration: Duration
    /// A key, or the prefix of the keys of this run.
    var key: String
}

/// A measurement could not be made.
struct WorkerFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
