// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Glibc
import Synchronization

/// What is done again and again.
final class ProbeWork: Sendable {
    enum Kind: CaseIterable {
        /// A client is made, calls, watches, and is shut down.
        case connects
        /// Watches of one client are opened, see an event, and are cancelled.
        case watches
        /// Calls of one client, some of which fail and some of which are cancelled.
        case calls
    }

    /// What is left on purpose, to see that it is found.
    enum Leak: String {
        case memory
        case descriptors
    }

    private let endpoint: String
    private let leak: Leak?
    private let hoard = Mutex<[[UInt8]]>([])

    init(endpoint: String, leak: Leak?) {
        self.endpoint = endpoint
        self.leak = leak
    }

    func run(_ kind: Kind, times: Int) async throws {
        switch kind {
        case .connects:
            try await self.inTurns(times, atOnce: 8) { number in
                try await withEtcdClient(configuration: self.configuration) { client in
                    _ = try await client.get("probe")
                    if number % 4 == 0 {
                        _ = try await client.withWatch(.key("probe")) { _ in }
                    }
                }
            }
        case .watches:
            try await withEtcdClient(configuration: self.configuration) { client in
                try await self.inTurns(times, atOnce: 50) { number in
                    let key = "probe/\(number % 50)"
                    try await client.withWatch(.prefix(EtcdBytes(key))) { watch in
                        try await client.put(EtcdBytes(key), "1")
                        var batches = watch.makeAsyncIterator()
                        _ = try await batches.next()
                    }
                }
            }
        case .calls:
            try await withEtcdClient(configuration: self.configuration) { client in
                try await self.inTurns(times, atOnce: 16) { number in
                    try await self.call(client, number)
                }
            }
        }
    }

    private func call(_ client: EtcdClient, _ number: Int) async throws {
        switch number % 10 {
        case 0:
            try await client.put("probe", "1")
        case 1:
            // Fails at the server.
            _ = try? await client.timeToLive(of: EtcdLeaseID(42))
        case 2:
            _ = try? await client.withRequestTimeout(.microseconds(50)).get("probe")
        case 3:
            let task = Task { try await client.get("probe") }
            task.cancel()
            _ = await task.result
        default:
            _ = try await client.get("probe")
        }
    }

    private func inTurns(
        _ times: Int,
        atOnce width: Int,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<width {
                group.addTask {
                    for number in stride(from: lane, to: times, by: width) {
                        try await body(number)
                        self.leaveSomething(number)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func leaveSomething(_ number: Int) {
        switch self.leak {
        case .memory:
            self.hoard.withLock { $0.append([UInt8](repeating: 1, count: 2000)) }
        case .descriptors where number % 10 == 0:
            // Not each time: a process may have 1024 by default.
            _ = dup(STDERR_FILENO)
        case .descriptors, nil:
            break
        }
    }

    private var configuration: EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(endpoints: [self.endpoint])
        configuration.requestTimeout = .seconds(60)
        return configuration
    }
}
