// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct WatchLifeTests {
    @Test func theStreamOfARefusedWatchIsNotKept() async throws {
        try await withEtcdAndClient(.v3_5) { _, client in
            for number in 0..<3 { try await client.put("a", "\(number)") }
            let last = try await client.put("a", "last").header.revision
            try await client.compact(at: last)
            let error = await etcdError {
                let watch = try await client.watch(.key("a"), options: .init(startRevision: 2))
                for try await _ in watch {}
            }
            #expect(error?.code == .compacted)
            try await eventually { await client.diagnostics().watches.streams.isEmpty }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func manyWatchesShareOneStream(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                let watches = try await withThrowingTaskGroup(of: (Int, EtcdWatch).self) { group in
                    for number in 0..<100 {
                        group.addTask { (number, try await client.watch(.key("k\(number)"))) }
                    }
                    return try await group.reduce(into: [Int: EtcdWatch]()) { $0[$1.0] = $1.1 }
                }
                try await etcd.waitForWatches(100)
                for number in 0..<100 { try await client.put("k\(number)", "\(number)") }
                for (number, watch) in watches {
                    #expect(try await watch.events(1).map(\.key) == [EtcdBytes("k\(number)")])
                }
                // One for streams, one for calls.
                #expect(proxy.acceptedConnections == 2)
                for watch in watches.values { watch.cancel() }
                try await etcd.waitForWatches(0)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aCancelledWatchEndsHereAndOnTheServer(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                let watch = try await client.watch(.all)
                try await etcd.waitForWatches(1)
                watch.cancel()
                #expect(try await watch.nextBatch() == nil)
                try await etcd.waitForWatches(0)
            }
        }
    }

    @Test
    func cancellingTheConsumersTaskCancelsTheWatch() async throws {
        try await withEtcd(.v3_5) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                let watch = try await client.watch(.all)
                let consumer = Task {
                    for try await _ in watch {}
                }
                try await etcd.waitForWatches(1)
                consumer.cancel()
                try await consumer.value
                try await etcd.waitForWatches(0)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func thousandsOfWatchesLeaveNothingOnTheServer(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                let other = try await client.watch(.key("other"))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<20 {
                        group.addTask {
                            for number in 0..<100 {
                                let key = EtcdKeyRange.key("\(worker)/\(number)")
                                let watch = try await client.watch(key)
                                // Cancelled here, or dropped by the task.
                                if number % 2 == 0 { watch.cancel() }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await etcd.waitForWatches(1)
                try await client.put("other", "1")
                #expect(try await other.events(1).count == 1)
                #expect(proxy.acceptedConnections == 2)
            }
            try await etcd.waitForWatches(0)
        }
    }

    @Test
    func aDroppedWatchIsCancelledOnTheServer() async throws {
        try await withEtcd(.v3_5) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                var watch: EtcdWatch? = try await client.watch(.all)
                #expect(watch != nil)
                try await etcd.waitForWatches(1)
                watch = nil
                try await etcd.waitForWatches(0)
                try await client.withWatch(.all) { _ in try await etcd.waitForWatches(1) }
                try await etcd.waitForWatches(0)
            }
        }
    }

    @Test
    func shuttingTheClientDownEndsItsWatches() async throws {
        try await withEtcd(.v3_5) { etcd in
            let client = try EtcdClient(configuration: .init(endpoints: [etcd.endpoint]))
            let watch = try await client.watch(.all)
            await client.shutdown()
            let error = await #expect(throws: EtcdError.self) { try await watch.nextBatch() }
            #expect(error?.code == .closed)
            #expect(try await watch.nextBatch() == nil)
            let late = await #expect(throws: EtcdError.self) { try await client.watch(.all) }
            #expect(late?.code == .closed)
            try await etcd.waitForWatches(0)
        }
    }

    @Test
    func cancellingTheTaskThatOpensAWatchReturnsAtOnce() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                _ = try await client.watch(.all)
                proxy.blackHole()
                let opening = Task { try await client.watch(.all) }
                try await Task.sleep(for: .milliseconds(50))
                opening.cancel()
                await #expect(throws: CancellationError.self) { _ = try await opening.value }
                proxy.heal()
            }
        }
    }

    @Test
    func aWatchThatNobodyAcknowledgesFailsWithTheReason() async throws {
        let configuration = EtcdClient.Configuration(
            endpoints: ["127.0.0.1:\(try LoopbackPort.free())"])
        try await withEtcdClient(configuration: configuration) { client in
            let error = await #expect(throws: EtcdError.self) {
                try await client.withRequestTimeout(.milliseconds(700)).watch(.all)
            }
            #expect(error?.code == .connectionRefused)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aSecondConsumerIsRefused(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let watch = try await client.watch(.all)
            let first = Task { try await watch.nextBatch() }
            try await Task.sleep(for: .milliseconds(50))
            let error = await #expect(throws: EtcdError.self) { try await watch.nextBatch() }
            #expect(error?.code == .invalidArgument)
            try await client.put("a", "1")
            #expect(try await first.value?.events.count == 1)
        }
    }
}
