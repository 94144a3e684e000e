// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

func lookAround(client: EtcdClient, backup: String) async throws {
    // A view: every key below gets the prefix, and loses it again in answers.
    let jobs = client.namespaced("jobs/")
    try await jobs.put("1", "build")

    // A range of any size, page by page, at one revision.
    for try await job in jobs.keyValues(in: .all) {
        print(job.key.string ?? "-", job.modRevision)
    }

    // The state and then its changes; whoever applies each batch has what the store has.
    for try await batch in jobs.mirror(.all) {
        print(batch.kind, batch.events.count, batch.bookmark ?? 0)
        if batch.bookmark != nil { break }
    }

    // One leader at a time, in the order in which they came.
    try await client.election("scheduler").withLeadership(proclaiming: "10.0.0.1:8080") { lead in
        print("leading with token", lead.fencingToken)
    }

    for member in try await client.cluster.members() {
        print(member.name, member.clientURLs)
    }
    let saved = try await client.maintenance.saveSnapshot(to: backup)
    print("saved", saved.size, "bytes")
}
