// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// A client that is left with a member that has not come as far as the others.
@Suite(.hangLimit, .serialized)
struct LaggingMemberTests {
    @Test(arguments: EtcdVersion.allCases)
    func whatIsReadIsNeverOlderThanWhatWasSeen(_ version: EtcdVersion) async throws {
        try await withEtcdCluster(version, proxied: true) { cluster in
            let leader = try await cluster.leader()
            let lagging = try #require(try await cluster.followers().first)
            let configuration = EtcdClient.Configuration(
                endpoints: [leader, lagging].map { "127.0.0.1:\($0.proxy.port)" }
            )
            try await withEtcdClient(configuration: configuration) { client in
                lagging.proxy.refuse()
                try await client.put("a", "old")
                try await withEtcdClient(
                    configuration: .init(endpoints: [lagging.endpoint])
                ) { stranger in
                    try await eventually {
                        try await stranger.get("a", isSerializable: true)?.value == "old"
                    }
                    cluster.isolate(lagging)
                    let seen = try await client.put("a", "new").header.revision
                    try lagging.proxy.accept()
                    leader.proxy.refuse()
                    leader.proxy.cut()

                    // Who has seen nothing newer may have what the member has.
                    #expect(try await stranger.get("a", isSerializable: true)?.value == "old")
                    let hurried = client.withRequestTimeout(.seconds(3))
                    for revision in [nil, seen] {
                        let error = await etcdError {
                            let found = try await hurried.get(
                                "a",
                                revision: revision,
                                isSerializable: true
                            )
                            Issue.record("\(String(describing: found?.value.string))")
                        }
                        #expect(error?.code != .futureRevision)
                    }
                    let past = try await client.get(
                        "a",
                        revision: EtcdRevision(seen.rawValue - 1),
                        isSerializable: true
                    )
                    #expect(past?.value == "old")

                    try cluster.heal()
                    let patient = client.withRequestTimeout(.seconds(60))
                    let found = try await patient.get("a", isSerializable: true)
                    #expect(found?.value == "new")
                }
            }
        }
    }
}
