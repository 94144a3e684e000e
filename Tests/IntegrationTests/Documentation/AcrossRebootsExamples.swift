// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

func leaveHeldForAReboot(
    _ lock: RollingLock,
    writeDown: (RollingLockDetachedTicket) throws -> Void
) async throws {
    let hold = try await lock.acquire(reason: "reboot")
    let ticket = try await hold.detach(ttl: .seconds(1200)) { ticket in
        // Durably: this is all that leads back to the lock.
        try writeDown(ticket)
    }
    try writeDown(ticket)
}

func comeBack(
    to ticket: RollingLockDetachedTicket,
    _ lock: RollingLock,
    waitUntilHealthy: () async throws -> Void
) async throws {
    let hold = try await lock.adopt(ticket)
    try await waitUntilHealthy()
    try await hold.release()
}
