// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// What can be done to one of three members, seen with etcd's own client.
@Suite(.hangLimit, .serialized)
struct ProxiedClusterTests {
    private static let impatient = "--command-timeout=1s"

    private func withSecureCluster(
        _ version: EtcdVersion,
        _ body: (EtcdTestSupport.EtcdCluster) async throws -> Void
    ) async throws {
        let folder = try TemporaryDirectory("certificates")
        let tls = EtcdProcess.TLS(try TestCertificates.make(in: folder.path))
        let options = EtcdProcess.Options(tls: tls, rootPassword: "right")
        try await withEtcdCluster(version, options, proxied: true, body)
    }

    @Test(arguments: EtcdVersion.allCases)
    func anIsolatedLeaderIsReplacedAndItsClientsAreNotCutOff(_ version: EtcdVersion) async throws {
        try await self.withSecureCluster(version) { cluster in
            let old = try await cluster.leader()
            try await old.etcdctl("put", "a", "before", through: old.proxy)
            cluster.isolate(old)
            let others = cluster.members.filter { $0 !== old }
            try await eventually {
                for other in others where await other.isLeader { return true }
                return false
            }
            // The new leader may not have told everybody yet.
            try await eventually {
                (try? await others[0].etcdctl(Self.impatient, "put", "a", "after")) != nil
            }
            // Authentication needs the others, too, so all it can do is answer.
            let failure = await #expect(throws: ChildProcess.Failure.self) {
                try await old.etcdctl(Self.impatient, "get", "a", through: old.proxy)
            }
            #expect(failure?.description.contains("refused") == false)
            try await eventually { await !old.isLeader }
            try cluster.heal()
            try await eventually {
                let value = try? await old.etcdctl(Self.impatient, "get", "a", through: old.proxy)
                return value == "a\nafter"
            }
        }
    }

    @Test
    func membersAreKilledPausedAndIsolatedOneByOne() async throws {
        try await withEtcdCluster(.v3_5, proxied: true) { cluster in
            for (index, member) in cluster.members.enumerated() {
                let other = cluster[(index + 1) % 3]
                // Time enough for an election.
                func put(_ value: String) async throws {
                    try await eventually {
                        let put = try? await other.etcdctl(Self.impatient, "put", "a", value)
                        return put != nil
                    }
                }
                await member.kill()
                try await put("killed \(index)")
                try await member.startAgain()
                member.pause()
                try await put("paused \(index)")
                member.resume()
                cluster.isolate(member)
                try await put("isolated \(index)")
                let stale = try await member.etcdctl("get", "--consistency=s", "a")
                #expect(stale != "a\nisolated \(index)")
                try cluster.heal()
                try await eventually {
                    let value = try await member.etcdctl("get", "--consistency=s", "a")
                    return value == "a\nisolated \(index)"
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theLeaderMovesWhereItIsTold(_ version: EtcdVersion) async throws {
        try await self.withSecureCluster(version) { cluster in
            let target = try await cluster.followers()[0]
            let moved = try await cluster.moveLeader(to: target)
            #expect(moved === target)
            try await eventually { await target.isLeader }
        }
    }

    /// A script's last fault is undone when its task is cancelled in the middle of it.
    @Test(arguments: [[Fault.kill, .pauseTwo, .isolate], [.blackHole, .refuse, .loseAnswers]])
    func whatAScriptBeganIsUndoneWhenItIsCancelled(_ faults: [Fault]) async throws {
        try await withEtcdCluster(.v3_5, proxied: true) { cluster in
            let runner = FaultRunner(cluster)
            for fault in faults {
                var script = FaultScript(seed: 1, faults: [fault])
                var step = script.next()
                step.duration = .seconds(600)
                let running = Task { [step] in try await runner.run(step) }
                let member = cluster[step.member]
                func get() async throws -> String {
                    try await member.etcdctl(Self.impatient, "get", "a", through: member.proxy)
                }
                try await eventually { (try? await get()) == nil }
                running.cancel()
                try await running.value
                #expect(runner.injected[fault] == 1)
                try await eventually { (try? await get()) != nil }
            }
        }
    }

    @Test
    func aClientReachesAProxiedClusterWithTLSAndUser() async throws {
        try await self.withSecureCluster(.v3_5) { cluster in
            let configuration = cluster.clientConfiguration
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                #expect(try await client.get("a")?.value == "1")
            }
            #expect(cluster.members.contains { $0.proxy.acceptedConnections > 0 })
        }
    }
}
