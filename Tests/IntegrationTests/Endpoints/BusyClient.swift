// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock
import Synchronization
import Testing

/// A client that does a bit of everything while something happens to its cluster: reads, writes, a
/// watch, a lease session, and a lock that somebody else waits for.
///
/// What may not go wrong is checked: reads fail never, writes fail by being ambiguous only, the watch
/// misses nothing that was acknowledged, and neither lease nor lock are lost.
struct BusyClient {
    /// What was seen of the calls.
    struct Figures {
        var acknowledgedWrites = 0
        var ambiguousWrites = 0
        /// The longest time from one successful write to the next.
        var longestPause: Duration = .zero
        /// The longest time that a linearizable read took.
        var slowestRead: Duration = .zero
    }

    /// What the tasks tell each other.
    private final class Load: Sendable {
        private struct State {
            var isOver = false
            var seen: Set<String> = []
            var acknowledged: Set<String> = []
            var figures = Figures()
        }

        private let state = Mutex(State())

        var isOver: Bool { self.state.withLock { $0.isOver } }
        var figures: Figures { self.state.withLock { $0.figures } }

        /// Whether every write that was acknowledged has been seen.
        var isComplete: Bool { self.state.withLock { $0.acknowledged.isSubset(of: $0.seen) } }

        func end() { self.state.withLock { $0.isOver = true } }
        func saw(_ value: String) { self.state.withLock { _ = $0.seen.insert(value) } }

        func acknowledged(_ value: String, after pause: Duration) {
            self.state.withLock { state in
                state.acknowledged.insert(value)
                state.figures.acknowledgedWrites += 1
                state.figures.longestPause = max(state.figures.longestPause, pause)
            }
        }

        func read(in time: Duration) {
            self.state.withLock { state in
                state.figures.slowestRead = max(state.figures.slowestRead, time)
            }
        }

        func lost() { self.state.withLock { $0.figures.ambiguousWrites += 1 } }
    }

    private static let last = "last"

    let client: EtcdClient

    /// Does everything while the body runs, and for as long as it takes to see that all is well.
    func work(during body: () async throws -> Void) async throws -> Figures {
        let watch = try await self.client.watch(.key("counter"))
        let lease = try await self.client.openLeaseSession(ttl: .seconds(15))
        try await self.client.put("leased", "1", lease: lease.id)
        let holder = try self.lock("app/0")
        let waiter = try self.lock("app/1")
        let hold = try await holder.acquire()
        async let next = waiter.acquire()
        let load = Load()
        async let reading: Void = self.read(load)
        async let readingToo: Void = self.read(load)
        async let writing: Void = self.write(load)
        async let watching: Void = self.follow(watch, load)
        try await body()
        load.end()
        _ = try await (reading, readingToo, writing)
        // Behind all the others, so that the watch has seen them when it sees this.
        try await self.client.put("counter", Self.last)
        try await watching
        #expect(load.isComplete)
        if case .lost(let reason) = lease.state { Issue.record("lost: \(reason)") }
        let leased = try await self.client.get("leased")
        #expect(leased != nil)
        await lease.close()

        #expect(hold.isHeld)
        #expect(try await hold.release() == .released)
        let successor = try await next
        #expect(successor.fencingToken > hold.fencingToken)
        try await successor.release()
        await holder.shutdown()
        await waiter.shutdown()
        return load.figures
    }

    private func lock(_ unit: String) throws -> RollingLock {
        try RollingLock(
            client: self.client,
            configuration: .init(clusterID: "blue", unit: unit, leaseTTL: .seconds(15))
        )
    }

    private func read(_ load: Load) async throws {
        while !load.isOver {
            let start = ContinuousClock.now
            _ = try await self.client.get("counter")
            load.read(in: .now - start)
            _ = try await self.client.get("counter", isSerializable: true)
        }
    }

    private func write(_ load: Load) async throws {
        var number = 0
        var last = ContinuousClock.now
        while !load.isOver {
            number += 1
            do {
                try await self.client.put("counter", "\(number)")
                let now = ContinuousClock.now
                load.acknowledged("\(number)", after: now - last)
                last = now
            } catch let error as EtcdError where error.code == .ambiguous {
                // Its answer was lost with the member.
                load.lost()
            }
        }
    }

    private func follow(_ watch: EtcdWatch, _ load: Load) async throws {
        for try await batch in watch {
            let values = batch.events.map { $0.keyValue.value.string ?? "" }
            for value in values { load.saw(value) }
            if values.contains(Self.last) { return }
        }
    }
}
