// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct ReadingWithoutLeaderTests {
    @Test(arguments: EtcdVersion.allCases)
    func aMemberLeftAloneAnswersWhatItMayAnswer(_ version: EtcdVersion) async throws {
        try await withEtcdCluster(version) { cluster in
            let survivor = cluster[0]
            let configuration = EtcdClient.Configuration(endpoints: [survivor.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                for index in 0..<40 { try await client.put("k/\(index)", "\(index)") }
                let whole = try await client.range(.all)
                for other in cluster.members where other !== survivor { await other.kill() }

                let options = EtcdPageOptions(maximumCount: 9, isSerializable: true)
                var found: [EtcdKeyValue] = []
                for try await keyValue in client.keyValues(in: .all, options: options) {
                    found.append(keyValue)
                }
                #expect(found == whole.keyValues)
                let read = EtcdOperation.range(.all, options: .init(isSerializable: true))
                let answer = try await client.commit(EtcdTransaction(then: [read]))
                #expect(answer.results.first?.rangeResponse?.keyValues == found)

                // Everything else wants the others.
                let hurried = client.withRequestTimeout(.seconds(2))
                await #expect(throws: EtcdError.self) {
                    for try await _ in hurried.pages(of: .all) {}
                }
                await #expect(throws: EtcdError.self) {
                    try await hurried.commit(EtcdTransaction(when: [.exists("k/1")]))
                }
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aWriteIsRefusedAndKnownNotToBeExecuted(_ version: EtcdVersion) async throws {
        try await withEtcdCluster(version) { cluster in
            let survivor = cluster[0]
            let configuration = EtcdClient.Configuration(endpoints: [survivor.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                let others = cluster.members.filter { $0 !== survivor }
                for other in others { await other.kill() }
                // Until the member has noticed, its silence proves nothing.
                let hurried = client.withRequestTimeout(.seconds(2))
                try await eventually {
                    await etcdError { try await hurried.put("unsure", "1") }?.code == .noLeader
                }
                let refused = await etcdError { try await hurried.put("a", "2") }
                #expect(refused?.code == .noLeader)
                for other in others { try await other.startAgain() }
                #expect(try await client.withRequestTimeout(.seconds(60)).get("a")?.value == "1")
            }
        }
    }
}
