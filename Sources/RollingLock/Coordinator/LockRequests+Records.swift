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
    func remove(_ ticket: RollingLockTicket, _ record: StoredRecord) async throws -> Bool {
        let writing = try await self.writing(record)
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.createRevision(of: ticket.key, .equal, ticket.createRevision)],
                then: [.delete(ticket.key)]
                    + (record.event == .cancelled ? [.delete(self.keys.open(ticket.key))] : [])
                    + writing
            )
        )
        return response.succeeded
    }

    /// Writes a record.
    func write(_ record: StoredRecord) async throws {
        _ = try await self.client.commit(EtcdTransaction(then: try await self.writing(record)))
    }

    /// What writes a record, and deletes the oldest of this unit if there are too many.
    func writing(_ record: StoredRecord) async throws -> [EtcdOperation] {
        let own = try await self.client.range(
            .prefix(self.keys.ownRecordsPrefix),
            options: .init(order: .ascending, target: .createRevision, keysOnly: true)
        ).keyValues
        let key = EtcdBytes(self.keys.ownRecordsPrefix.bytes + Array(record.name.utf8))
        // Failures are counted from the last thaw on, so that one stays.
        let thaw = own.last { $0.key.bytes.reversed().starts(with: Self.thawSuffix.reversed()) }?
            .key
        // Not all of a flood at once: a transaction takes 128 operations.
        let spare = own.dropLast(StoredRecord.limitPerUnit - 1).prefix(64)
            .filter { $0.key != key && $0.key != thaw }
        return [.put(key, record.encoded)] + spare.map { .delete($0.key) }
    }

    private static let thawSuffix = Array("-\(RollingLockRecord.Event.unfrozen.rawValue)".utf8)

    /// How many failures have been recorded since the lock was last unfrozen.
    func failureCount() async throws -> Int {
        var count = 0
        for record in try await self.records(limit: 1000) {
            switch record.event {
            case .unfrozen: return count
            case .failed: count += 1
            default: break
            }
        }
        return count
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
