// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Synchronization
import Testing

/// All members are restarted, one after the other, while a client is busy.
@Suite(.hangLimit, .serialized)
struct RollingRestartTests {
    /// What the tasks of a test tell each other.
    private final class Load: Sendable {
        private struct State {
            var isOver = false
            var seen: Set<String> = []
            var acknowledged: Set<String> = []
        }

        private let state = Mutex(State())

        var isOver: Bool { self.state.withLock { $0.isOver } }
        var acknowledgedCount: Int { self.state.withLock { $0.acknowledged.count } }

        /// Whether every write that was acknowledged has been seen.
        var isComplete: Bool { self.state.withLock { $0.acknowledged.isSubset(of: $0.seen) } }

        func end() { self.state.withLock { $0.isOver = true } }
        func saw(_ value: String) { self.state.withLock { _ = $0.seen.insert(value) } }
        func acknowledged(_ value: String) {
            self.state.withLock { _ = $0.acknowledged.insert(value) }
        }
    }

    private static func read(_ client: EtcdClient, _ load: Load) async throws {
        while !load.isOver {
            _ = try await client.get("counter")
            _ = try await client.get("counter", isSerializable: true)
        }
    }

    private static func write(_ client: EtcdClient, _ load: Load) async throws {
        var number = 0
        while !load.isOver {
            number += 1
            do {
                try await client.put("counter", "\(number)")
                load.acknowledged("\(number)")
            } catch let error as EtcdError where error.code == .ambiguous {
                // Its answer was lost with the member.
            }
        }
    }

    private static func watch(_ watch: EtcdWatch, _ load: Load) async throws {
        for try await batch in watch {
            for event in batch.events { load.saw(event.keyValue.value.string ?? "") }
            if load.isOver, load.isComplete { return }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func idempotentCallsSeeNoErrorAndNoLeaseIsLost(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            let watch = try await client.watch(.key("counter"))
            let lease = try await client.openLeaseSession(ttl: .seconds(15))
            try await client.put("leased", "1", lease: lease.id)
            let load = Load()
            async let reading: Void = Self.read(client, load)
            async let readingToo: Void = Self.read(client, load)
            async let writing: Void = Self.write(client, load)
            async let watching: Void = Self.watch(watch, load)
            for member in cluster.members {
                try await member.restart()
                try await Task.sleep(for: .seconds(1))
            }
            load.end()
            _ = try await (reading, readingToo, writing)
            // Whatever the watch waits for, it comes before this.
            try await client.put("counter", "last")
            try await watching
            #expect(load.isComplete)
            #expect(load.acknowledgedCount > 100)
            if case .lost(let reason) = lease.state { Issue.record("lost: \(reason)") }
            let leased = try await client.get("leased")
            #expect(leased != nil)
            await lease.close()
        }
    }
}
