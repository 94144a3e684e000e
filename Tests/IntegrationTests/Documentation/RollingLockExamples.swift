// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

func restartInTurn(
    _ client: EtcdClient,
    restart: @escaping @Sendable () async throws -> Void
) async throws {
    let lock = try RollingLock(
        client: client,
        configuration: .init(clusterID: "blue", unit: "app/0")
    )
    try await lock.withLock(reason: "restart", timeout: .seconds(600)) { _ in
        // Cancelled if the lock is lost.
        try await restart()
    }
    await lock.shutdown()
}
