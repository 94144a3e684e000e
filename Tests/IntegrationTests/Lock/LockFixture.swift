// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Synchronization
import Testing

/// Several clients of one etcd, as several machines would have them.
struct LockFixture: Sendable {
    static let clusterPrefix = "/rollingops/default/blue/"
    static let queue = Self.clusterPrefix + "v1/default/queue"

    let etcd: EtcdProcess

    /// Runs a body with a client of its own and a lock on it.
    func withLock<R: Sendable>(
        unit: some EtcdBytesConvertible,
        name: some EtcdBytesConvertible = "default",
        leaseTTL: Duration = .seconds(20),
        endpoint: String? = nil,
        credentials: EtcdClient.Credentials? = nil,
        configure: (inout RollingLock.Configuration) -> Void = { _ in },
        _ body: (RollingLock) async throws -> R
    ) async throws -> R {
        let configuration = EtcdClient.Configuration(
            endpoints: [endpoint ?? self.etcd.endpoint],
            credentials: credentials
        )
        return try await withEtcdClient(configuration: configuration) { client in
            var configuration = RollingLock.Configuration(
                clusterID: "blue",
                name: name,
                unit: unit,
                leaseTTL: leaseTTL
            )
            configure(&configuration)
            let lock = try RollingLock(client: client, configuration: configuration)
            do {
                let result = try await body(lock)
                await lock.shutdown()
                return result
            } catch {
                await lock.shutdown()
                throw error
            }
        }
    }

    /// The keys below the queue of the default lock, as etcdctl sees them.
    func queueKeys() async throws -> [String] {
        try await self.etcd.etcdctl("get", "--prefix", "--keys-only", Self.queue + "/")
            .split(separator: "\n").map(String.init)
    }
}

/// Starts a server for a lock test.
func withLockFixture<R>(
    _ version: EtcdVersion,
    _ body: (LockFixture) async throws -> R
) async throws -> R {
    try await withEtcd(version) { try await body(LockFixture(etcd: $0)) }
}

/// Waits until a condition holds; fails the test if it does not within a generous time.
func eventually(
    within limit: Duration = .seconds(30),
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("the condition did not come true", sourceLocation: sourceLocation)
            return
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

/// Collects what happens, from any task.
final class Journal<Entry: Sendable>: Sendable {
    private let state = Mutex<[Entry]>([])

    var entries: [Entry] { self.state.withLock { $0 } }

    func append(_ entry: Entry) {
        self.state.withLock { $0.append(entry) }
    }
}

/// Runs a body that must fail with a lock error.
func lockError(_ body: () async throws -> Void) async -> RollingLockError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? RollingLockError
    }
}
