// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension LockKeys {
    /// `<root>/<cluster-id>/v1/<lock>/records/`, the history, which nobody watches.
    var recordsPrefix: EtcdBytes {
        EtcdBytes(self.queuePrefix.bytes.dropLast("queue/".utf8.count) + Array("records/".utf8))
    }

    /// `…/records/<unit>/`, where this unit writes.
    var ownRecordsPrefix: EtcdBytes {
        EtcdBytes(
            self.recordsPrefix.bytes + self.unitPrefix.bytes.dropFirst(self.queuePrefix.count)
        )
    }

    /// The unit that wrote a record, for showing to people.
    func writer(ofRecord key: EtcdBytes) -> String {
        let unit = key.bytes.dropFirst(self.recordsPrefix.count)
            .prefix { $0 != UInt8(ascii: "/") }
        return Printable.name(PercentEncoding.decode(unit) ?? Array(unit))
    }
}

extension LockRequests {
    /// Removes a ticket, and leaves a record of it in the same transaction.
    ///
    /// For the others an evicted ticket came to an unclean end: its owner may still be at work.
    /// The oldest records of this unit go when there are too many.
    ///
    /// - Returns: False if the ticket was gone.
    func remove(_ record: StoredRecord) async throws -> Bool {
        let own = try await self.client.range(
            .prefix(self.keys.ownRecordsPrefix),
            options: .init(order: .ascending, target: .createRevision, keysOnly: true)
        ).keyValues
        let ticket = record.ticket
        let name = "\(ticket.createRevision.rawValue)-\(record.event.rawValue)"
        let key = EtcdBytes(self.keys.ownRecordsPrefix.bytes + Array(name.utf8))
        // Not all of a flood at once: a transaction takes 128 operations.
        let spare = own.dropLast(StoredRecord.limitPerUnit - 1).prefix(64)
            .filter { $0.key != key }
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.createRevision(of: ticket.key, .equal, ticket.createRevision)],
                then: [.delete(ticket.key), .put(key, record.encoded)]
                    + (record.event == .cancelled ? [.delete(self.keys.open(ticket.key))] : [])
                    + spare.map { .delete($0.key) }
            )
        )
        return response.succeeded
    }

    /// The latest records of all units, the newest first.
    func records(limit: Int) async throws -> [RollingLockRecord] {
        let response = try await self.client.range(
            .prefix(self.keys.recordsPrefix),
            options: .init(limit: limit, order: .descending, target: .createRevision)
        )
        return response.keyValues.map {
            RollingLockRecord(reading: $0, writer: self.keys.writer(ofRecord: $0.key))
        }
    }
}
