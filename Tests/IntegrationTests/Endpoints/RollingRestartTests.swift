// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// All members are restarted, one after the other, while a client is busy.
@Suite(.hangLimit, .serialized)
struct RollingRestartTests {
    @Test(arguments: EtcdVersion.allCases)
    func idempotentCallsSeeNoErrorAndNoLeaseIsLost(_ version: EtcdVersion) async throws {
        try await withClusterAndClient(version) { cluster, client in
            let figures = try await BusyClient(client: client).work {
                for member in cluster.members {
                    try await member.restart()
                    try await Task.sleep(for: .seconds(1))
                }
            }
            #expect(figures.acknowledgedWrites > 100)
        }
    }
}
