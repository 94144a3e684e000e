// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Testing

@testable import EtcdKit

/// What another cluster says on a watch stream, as behind a proxy that leads to two of them.
@Suite(.timeLimit(.minutes(3)))
struct ForeignWatchTests {
    @Test
    func theWordOfAnotherClusterMovesNoWatch() async throws {
        // The second creation is acknowledged by another cluster, after events from there.
        let options = ScriptedWatch.Options(version: "3.6.0", cluster: { $0 == 1 ? 2 : 1 })
        let server = try ScriptedWatch(options) { question in
            if question.number == 1 {
                var foreign = WatchResponse.events(1, 100)
                foreign.header?.clusterID = 2
                question.answer(foreign)
            } else {
                question.answer(.events(3, 21))
            }
        }
        try await server.withClient { client in
            let watch = try await client.watch(.key("a"), options: .init(reportsResumption: true))
            var batches = watch.makeAsyncIterator()
            try await watch.requestProgress()
            #expect(try await batches.next()?.kind == .resumed)
            #expect(server.creations == 3)
            try await watch.requestProgress()
            let batch = try await batches.next()
            #expect(batch?.kind == .events)
            #expect(batch?.revision == 21)
            #expect(client.cluster.id == 1)
        }
    }
}
