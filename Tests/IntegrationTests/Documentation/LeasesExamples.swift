// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func serve(
    _ name: String,
    _ client: EtcdClient,
    _ work: () async throws -> Void
) async throws {
    try await client.withLease(ttl: .seconds(10)) { lease in
        try await client.put("alive/\(name)", "", lease: lease.id)
        try await work()
    }
}

func untilLost(_ lease: EtcdLeaseSession) async -> EtcdLeaseSession.LossReason? {
    for await state in lease.states {
        switch state {
        case .live: continue
        case .suspect(let until): print("will be lost in \(until - .now) unless renewed")
        case .lost(let reason): return reason
        }
    }
    return nil
}

func invite(_ guest: String, _ client: EtcdClient) async throws -> EtcdLeaseGrant {
    let lease = try await client.grantLease(ttl: .seconds(60))
    try await client.put("invited/\(guest)", "", lease: lease.id)
    return lease
}
