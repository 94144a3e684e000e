// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Both servers at hand are too old to be asked for progress.
@Suite(.hangLimit)
struct WatchProgressTests {
    @Test(arguments: EtcdVersion.allCases)
    func aServerWhoseProgressCannotBeTrustedIsNotAsked(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let watch = try await client.watch(.key("a"))
            #expect(await etcd.hasReceivedWatchRequests(1))
            for _ in 1...2 {
                let error = await #expect(throws: EtcdError.self) {
                    try await watch.requestProgress()
                }
                #expect(error?.code == .unsupported)
                #expect(error?.message.contains("version is \(version.rawValue)") == true)
                #expect(error?.message.contains("needs etcd 3.4.25, 3.5.8, 3.6.0") == true)
                #expect(error?.isRetryable == false)
            }
            // What was sent before has arrived when this is acknowledged.
            try await client.withWatch(.key("b")) { _ in
                #expect(await etcd.hasReceivedWatchRequests(2))
            }
            // The watch goes on.
            try await client.put("a", "1")
            #expect(try await watch.events(1).map(\.keyValue.value) == ["1"])
        }
    }
}
