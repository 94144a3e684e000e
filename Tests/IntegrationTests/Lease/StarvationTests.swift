// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Synchronization
import Testing

/// Much data beside what must not wait: leases, locks and watches of the same client.
@Suite(.hangLimit, .serialized)
struct StarvationTests {
    @Test(arguments: EtcdVersion.allCases)
    func aWatchThatIsNotReadHoldsUpNothing(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let writer = try EtcdClient(configuration: .init(endpoints: [etcd.endpoint]))
            let stuck = try await client.watch(.prefix("big/"))
            let small = try await client.watch(.key("small"))
            let session = try await client.openLeaseSession(ttl: .seconds(3))
            let lock = try RollingLock(
                client: client,
                configuration: .init(clusterID: "blue", unit: "a", leaseTTL: .seconds(5))
            )
            // About 10 MB a second, as far as the machine gives them.
            let load = Load()
            let flood = Task {
                let value = String(repeating: "v", count: 1 << 20)
                while !load.isOver.load(ordering: .relaxed) {
                    try await writer.put("big/\(load.count.load(ordering: .relaxed) % 20)", value)
                    load.count.add(1, ordering: .relaxed)
                    try await Task.sleep(for: .milliseconds(80))
                }
            }
            var slowest: Duration = .zero
            let end = ContinuousClock.now + .seconds(10)
            var number = 0
            while ContinuousClock.now < end {
                number += 1
                let start = ContinuousClock.now
                try await client.put("small", "\(number)")
                #expect(try await small.events(1).map(\.keyValue.value) == [EtcdBytes("\(number)")])
                try await lock.withLock { _ in }
                slowest = max(slowest, .now - start)
                try await Task.sleep(for: .milliseconds(50))
            }
            load.isOver.store(true, ordering: .relaxed)
            try await flood.value
            if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
            #expect(number > 20)
            #expect(slowest < .seconds(2))
            // What was not read waits on the server, not here, and is complete.
            let count = load.count.load(ordering: .relaxed)
            #expect(try await stuck.events(count).count == count)
            await session.close()
            await lock.shutdown()
            await writer.shutdown()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func bigReadsOverTLSHoldUpNothing(_ version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("tls")
        let certificates = try TestCertificates.make(in: folder.path)
        try await withEtcd(version, .init(tls: .init(certificates))) { etcd in
            let files = try certificates.issueClient("unit-0")
            var configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                tls: .init(
                    certificateAuthorities: .file(certificates.ca),
                    certificate: .file(files.certificate),
                    privateKey: .file(files.key)
                )
            )
            configuration.requestTimeout = .seconds(60)
            try await withEtcdClient(configuration: configuration) { client in
                let value = [UInt8](repeating: 7, count: 1 << 20)
                for number in 0..<20 { try await client.put("big/\(number)", value) }
                // The server works through all of it, too, on a machine that may be busy anyway.
                let session = try await client.openLeaseSession(ttl: .seconds(10))
                let watch = try await client.watch(.key("small"))
                let load = Load()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 1...20 {
                        group.addTask {
                            while !load.isOver.load(ordering: .relaxed) {
                                let read = try await client.range(.prefix("big/"))
                                #expect(read.keyValues.count == 20)
                                load.count.add(1, ordering: .relaxed)
                            }
                        }
                    }
                    // The writer does not share the connection that the reads fill.
                    try await withEtcdClient(configuration: configuration) { writer in
                        var slowest: Duration = .zero
                        let end = ContinuousClock.now + .seconds(12)
                        while ContinuousClock.now < end {
                            try await writer.put("small", "1")
                            let start = ContinuousClock.now
                            #expect(try await watch.events(1).count == 1)
                            slowest = max(slowest, .now - start)
                            try await Task.sleep(for: .milliseconds(200))
                        }
                        #expect(slowest < .seconds(6))
                    }
                    load.isOver.store(true, ordering: .relaxed)
                    try await group.waitForAll()
                }
                #expect(load.count.load(ordering: .relaxed) >= 20)
                if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
                await session.close()
            }
        }
    }
}

/// What goes on beside a test, and how much of it.
private final class Load: Sendable {
    let isOver = Atomic<Bool>(false)
    let count = Atomic<Int>(0)
}
