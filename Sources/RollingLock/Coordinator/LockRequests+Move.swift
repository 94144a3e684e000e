// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension LockRequests {
    /// A ticket as it was found.
    struct Standing: Sendable {
        var entry: QueueEntry
        var lease: EtcdLeaseID?
    }

    /// Looks for a ticket.
    ///
    /// - Returns: The ticket, if there is one, and the cluster of etcd that was asked.
    func find(_ key: EtcdBytes) async throws -> (standing: Standing?, etcdClusterID: UInt64) {
        let response = try await self.client.range(.key(key), options: .init(keysOnly: true))
        let standing = response.keyValues.first.map { keyValue in
            Standing(
                entry: QueueEntry(key: keyValue.key, createRevision: keyValue.createRevision),
                lease: keyValue.lease
            )
        }
        return (standing, response.header.clusterID)
    }

    /// Moves a ticket to another lease.
    ///
    /// The ticket keeps its create revision, and so its place and its fencing token. May be repeated.
    ///
    /// - Returns: The revision of the answer; `nil` if the ticket is gone or depends on a third lease.
    func move(
        _ entry: QueueEntry,
        from former: EtcdLeaseID,
        to lease: EtcdLeaseID
    ) async throws -> EtcdRevision? {
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [
                    .createRevision(of: entry.key, .equal, entry.createRevision),
                    .lease(of: entry.key, .equal, former),
                ],
                then: [.put(entry.key, "", lease: lease, options: .init(keepValue: true))],
                otherwise: [.get(entry.key)]
            )
        )
        if !response.succeeded {
            // An earlier attempt may have got through, and its answer not.
            let found = response.results.first?.rangeResponse?.keyValues.first
            guard let found, found.createRevision == entry.createRevision, found.lease == lease
            else { return nil }
        }
        return response.header.revision
    }
}
