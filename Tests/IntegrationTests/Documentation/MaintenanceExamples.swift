// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func report(_ client: EtcdClient, endpoints: [String]) async -> [String] {
    var lines: [String] = []
    for endpoint in endpoints {
        do {
            let status = try await client.maintenance.status(at: endpoint)
            let role = status.isLeader ? "leads" : "follows"
            lines.append("\(endpoint): \(status.version), \(role), \(status.databaseSize) bytes")
        } catch {
            lines.append("\(endpoint): \(error)")
        }
    }
    return lines
}

func makeRoom(_ client: EtcdClient, endpoints: [String]) async throws {
    let now = try await client.range(.all, options: .init(countOnly: true)).header.revision
    try await client.compact(at: now, physical: true)
    for endpoint in endpoints {
        // A member answers nobody meanwhile, so one at a time.
        try await client.maintenance.defragment(at: endpoint)
    }
    _ = try await client.maintenance.disarmAllAlarms()
}

func backUp(_ client: EtcdClient, to path: String) async throws {
    _ = try await client.maintenance.saveSnapshot(to: path)
}
