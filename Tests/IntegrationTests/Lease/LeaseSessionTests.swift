// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct LeaseSessionTests {
    @Test(arguments: EtcdVersion.allCases)
    func aSessionOutlivesItsTimeToLiveAndEndsWithClose(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let session = try await client.openLeaseSession(ttl: .seconds(2))
            let opened = ContinuousClock.now
            #expect(session.ttl == .seconds(2))
            try await client.put("a", "1", lease: session.id)
            for await state in session.states {
                guard case .lost(let reason) = state else {
                    if ContinuousClock.now - opened > .seconds(5) { break }
                    continue
                }
                Issue.record("lost: \(reason)")
            }
            #expect(try await client.get("a") != nil)
            #expect(session.deadline > .now)
            await session.close()
            #expect(session.state == .lost(.closed))
            #expect(try await client.get("a") == nil)
            #expect(try await client.leases().isEmpty)
            await session.close()
        }
    }

    @Test
    func theScopeOfAClosureRevokesTheLease() async throws {
        struct Stop: Error {}
        try await withEtcdClient(of: .v3_5) { client in
            let id = try await client.withLease(ttl: .seconds(30)) { session in
                try await client.put("a", "1", lease: session.id)
                return session.id
            }
            #expect(try await client.timeToLive(of: id) == nil)
            await #expect(throws: Stop.self) {
                try await client.withLease(ttl: .seconds(30)) { _ in throw Stop() }
            }
            #expect(try await client.leases().isEmpty)
            // In a cancelled task, too.
            let task = Task {
                try await client.withLease(ttl: .seconds(30)) { _ in
                    try await Task.sleep(for: .seconds(60))
                }
            }
            while try await client.leases().isEmpty {
                try await Task.sleep(for: .milliseconds(10))
            }
            task.cancel()
            _ = await task.result
            #expect(try await client.leases().isEmpty)
        }
    }

    @Test
    func anAbandonedOrDroppedSessionKeepsItsKeysUntilTheLeaseExpires() async throws {
        try await withEtcdClient(of: .v3_5) { client in
            let abandoned = try await client.openLeaseSession(ttl: .seconds(2))
            try await client.put("a", "1", lease: abandoned.id)
            var dropped: EtcdLeaseSession? = try await client.openLeaseSession(ttl: .seconds(2))
            try await client.put("b", "1", lease: dropped?.id)
            let states = try #require(dropped?.states)
            abandoned.abandon()
            dropped = nil
            #expect(abandoned.state == .lost(.abandoned))
            #expect(await states.last() == .lost(.abandoned))
            #expect(try await client.range(.all).count == 2)
            while try await client.range(.all).count > 0 {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aLeaseRevokedBySomebodyElseIsLost(_ version: EtcdVersion) async throws {
        try await withEtcdClient(of: version) { client in
            let session = try await client.openLeaseSession(ttl: .seconds(3))
            try await client.revokeLease(session.id)
            #expect(await session.states.last() == .lost(.revoked))
            // Found at the next renewal, not at the deadline.
            #expect(session.deadline > .now)
            await session.close()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aRestartShorterThanTheTimeToLiveIsSurvived(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                let session = try await client.openLeaseSession(ttl: .seconds(10))
                try await client.put("a", "1", lease: session.id)
                let before = session.deadline
                await etcd.kill()
                try await Task.sleep(for: .seconds(4))
                try await etcd.startAgain()
                while session.deadline == before {
                    if case .lost(let reason) = session.state {
                        Issue.record("lost: \(reason)")
                        break
                    }
                    try await Task.sleep(for: .milliseconds(50))
                }
                #expect(try await client.get("a")?.lease == session.id)
                await session.close()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aServerThatHangsCostsTheLeaseInTime(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                let session = try await client.openLeaseSession(ttl: .seconds(4))
                etcd.pause()
                var sawSuspicion = false
                for await state in session.states {
                    switch state {
                    case .live: break
                    case .suspect: sawSuspicion = true
                    case .lost(let reason):
                        #expect(reason == .expired)
                        // The server counts from a later moment on: it cannot expire the lease
                        // before the deadline and the margin behind it have passed.
                        #expect(.now < session.deadline + .milliseconds(400))
                    }
                }
                #expect(sawSuspicion)
                etcd.resume()
                await session.close()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theLossIsRaisedBeforeTheServerDeletesTheKeys(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let through = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            let direct = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            try await withEtcdClient(configuration: direct) { observer in
                try await withEtcdClient(configuration: through) { client in
                    let session = try await client.openLeaseSession(ttl: .seconds(3))
                    try await client.put("a", "1", lease: session.id)
                    let watch = try await observer.watch(.key("a"))
                    let lostAt = Task {
                        for await state in session.states {
                            if case .lost = state { break }
                        }
                        return ContinuousClock.now
                    }
                    // Answers are lost from now on.
                    proxy.dropAnswers()
                    #expect(try await watch.events(1).map(\.kind) == [.delete])
                    let deletedAt = ContinuousClock.now
                    #expect(await lostAt.value < deletedAt)
                    proxy.heal()
                    proxy.cut()
                    await session.close()
                }
            }
        }
    }

    @Test
    func aMemberThatHangsIsCircumvented() async throws {
        // Two doors to one server: the one the stream uses goes dark.
        try await withEtcd(.v3_5) { etcd in
            let dark = try FaultProxy(to: etcd.port)
            let bright = try FaultProxy(to: etcd.port)
            bright.refuse()
            let configuration = EtcdClient.Configuration(endpoints: [
                "127.0.0.1:\(dark.port)", "127.0.0.1:\(bright.port)",
            ])
            try await withEtcdClient(configuration: configuration) { client in
                let session = try await client.openLeaseSession(ttl: .seconds(6))
                try bright.accept()
                let opened = ContinuousClock.now
                dark.blackHole()
                for await state in session.states {
                    if case .lost(let reason) = state { Issue.record("lost: \(reason)") }
                    if ContinuousClock.now - opened > .seconds(9) { break }
                }
                dark.heal()
                await session.close()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aBrokenConnectionDoesNotEndManySessions(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            let configuration = EtcdClient.Configuration(endpoints: ["127.0.0.1:\(proxy.port)"])
            try await withEtcdClient(configuration: configuration) { client in
                var sessions: [EtcdLeaseSession] = []
                for _ in 1...20 {
                    sessions.append(try await client.openLeaseSession(ttl: .seconds(3)))
                }
                for _ in 1...20 {
                    proxy.cut()
                    try await Task.sleep(for: .milliseconds(200))
                }
                for session in sessions {
                    if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
                    await session.close()
                }
                #expect(try await client.leases().isEmpty)
            }
        }
    }

    @Test
    func shuttingTheClientDownEndsItsSessions() async throws {
        try await withEtcd(.v3_5) { etcd in
            let client = try EtcdClient(configuration: .init(endpoints: [etcd.endpoint]))
            let session = try await client.openLeaseSession(ttl: .seconds(30))
            let reader = Task { await session.states.last() }
            await client.shutdown()
            #expect(await reader.value == .lost(.closed))
            await session.close()
        }
    }
}

extension EtcdLeaseSession.States {
    fileprivate func last() async -> EtcdLeaseSession.State? {
        var last: EtcdLeaseSession.State?
        for await state in self { last = state }
        return last
    }
}
