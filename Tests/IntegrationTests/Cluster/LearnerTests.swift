// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// A learner among the endpoints: it takes connections and answers hardly anything.
@Suite(.hangLimit)
struct LearnerTests {
    @Test(arguments: EtcdVersion.allCases)
    func aLearnerIsPassedOverUntilItVotes(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version, size: 1) { running, client in
            let place = try running.makePlace()
            let added = try await client.cluster.addMember(
                peerURLs: [place.peerURL],
                isLearner: true
            )
            let learner = try await running.startMember(at: place)
            var metLearner = 0
            // Each begins with one of the two, by chance.
            for number in 0..<10 {
                try await withEtcdClient(
                    configuration: .init(endpoints: [running[0].endpoint, learner.endpoint])
                ) { client in
                    try await self.useAll(client, "\(number)")
                    let picture = await client.diagnostics()
                    let told = picture.endpoints.first { $0.url.hasSuffix(":\(learner.port)") }
                    if told?.lastFailure != nil { metLearner += 1 }
                }
            }
            #expect(metLearner > 0)

            // With nobody else it is waited for.
            try await withEtcdClient(
                configuration: .init(endpoints: [learner.endpoint])
            ) { alone in
                #expect(try await alone.get("0", isSerializable: true)?.value == "2")
                let refused = await etcdError {
                    try await alone.withRequestTimeout(.seconds(1)).put("a", "1")
                }
                #expect(refused?.code == .unsupported)
                async let written = alone.withRequestTimeout(.seconds(60)).put("a", "2")
                try await client.cluster.promoteWhenReady(added.id)
                _ = try await written
                #expect(try await client.get("a")?.value == "2")
                #expect(try await client.get("a")?.version == 1)
            }
            try await client.cluster.removeWhenHealthy(added.id)
        }
    }

    /// Uses everything that a learner refuses.
    private func useAll(_ client: EtcdClient, _ key: String) async throws {
        try await client.put(key, "1")
        #expect(try await client.get(key)?.value == "1")
        let watch = try await client.watch(.key(EtcdBytes(key)))
        try await client.put(key, "2")
        #expect(try await watch.events(1).map(\.keyValue.value) == ["2"])
        watch.cancel()
        let session = try await client.openLeaseSession(ttl: .seconds(2))
        let granted = session.deadline
        try await eventually { session.deadline > granted }
        if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
        await session.close()
        let lock = try RollingLock(
            client: client,
            configuration: .init(clusterID: "blue", unit: "app/0")
        )
        try await lock.withLock { _ in }
        await lock.shutdown()
    }
}
