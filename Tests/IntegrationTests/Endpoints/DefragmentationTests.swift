// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// All members are defragmented, one after the other, while a client is busy; each stands still for
/// as long as that takes.
@Suite(.hangLimit, .serialized)
struct DefragmentationTests {
    @Test(arguments: EtcdVersion.allCases)
    func callsWatchesAndLeasesGoOn(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            try await self.fill(client)
            var times: [Duration] = []
            let figures = try await BusyClient(client: client).work {
                for member in cluster.members {
                    let start = ContinuousClock.now
                    try await client.withRequestTimeout(.seconds(60)).maintenance
                        .defragment(at: member.endpoint)
                    times.append(ContinuousClock.now - start)
                    try await Task.sleep(for: .seconds(1))
                }
            }
            print("defragmented in \(times): \(figures)")
            #expect(figures.acknowledgedWrites > 100)
            // Long enough to be felt.
            let longest = try #require(times.max())
            #expect(longest > .milliseconds(500))
        }
    }

    /// Makes a database that takes a while to be copied: many small keys.
    private func fill(_ client: EtcdClient) async throws {
        let value = EtcdBytes([UInt8](repeating: 1, count: 200))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<16 {
                group.addTask {
                    for number in 0..<200 {
                        let puts = (0..<120).map { index in
                            EtcdOperation.put("fill/\(part)/\(number)/\(index)", value)
                        }
                        _ = try await client.commit(EtcdTransaction(then: puts))
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
