// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

func restartWhenItIsOurTurn(
    client: EtcdClient,
    restart: @escaping @Sendable (_ fence: EtcdRevision) async throws -> Void
) async throws {
    let lock = try RollingLock(
        client: client,
        configuration: .init(clusterID: "cluster-12345", name: "restart", unit: "app/0")
    )
    try await lock.withLock(reason: "new configuration", timeout: .seconds(600)) { hold in
        // Cancelled if the lock is lost; the token grows from holder to holder.
        try await restart(hold.fencingToken)
    }
    await lock.shutdown()
}
