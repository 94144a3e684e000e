// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// The requests that a lock sends, and what their answers mean.
///
/// Each is one transaction or one range below the cluster's prefix.
struct LockRequests: Sendable {
    let client: EtcdClient
    let keys: LockKeys
    let authenticator = TicketAuthenticator.unchecked

    /// A ticket as it stands in the queue.
    struct Entered: Sendable {
        var entry: QueueEntry
        var revision: EtcdRevision
        var listing: [QueueEntry]
    }

    /// What a new ticket says of itself.
    struct NewTicket: Sendable {
        var key: EtcdBytes
        var lease: EtcdLeaseID
        var record: TicketRecord
    }

    /// Puts a ticket at the end of the queue and lists the queue, in one transaction.
    ///
    /// Sending it twice makes one ticket: its key is unique.
    func enqueue(_ ticket: NewTicket, listsFrom: EtcdRevision) async throws -> Entered {
        let listing = EtcdOperation.range(
            .prefix(self.keys.queuePrefix),
            options: .init(
                keysOnly: true,
                minimumCreateRevision: listsFrom > 0 ? listsFrom : nil
            )
        )
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.isAbsent(ticket.key)],
                then: [self.write(ticket), listing],
                otherwise: [.get(ticket.key), listing]
            )
        )
        let revision = response.header.revision
        let createRevision =
            response.succeeded
            ? revision
            : response.results.first?.rangeResponse?.keyValues.first?.createRevision
        guard let createRevision, let listed = response.results.last?.rangeResponse else {
            throw RollingLockError(code: .failed, message: "etcd's answer lacks the ticket")
        }
        return Entered(
            entry: QueueEntry(key: ticket.key, createRevision: createRevision),
            revision: revision,
            listing: self.order(listed.keyValues).map(QueueEntry.init)
        )
    }

    /// Writes a ticket if the queue is empty.
    ///
    /// - Returns: The ticket, or `nil` if somebody stands in the queue.
    func take(_ ticket: NewTicket) async throws -> QueueEntry? {
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.isAbsent(.prefix(self.keys.queuePrefix))],
                then: [self.write(ticket)]
            )
        )
        guard response.succeeded else { return nil }
        return QueueEntry(key: ticket.key, createRevision: response.header.revision)
    }

    /// The queue now, without values.
    func list() async throws -> (revision: EtcdRevision, entries: [QueueEntry]) {
        let response = try await self.client.range(
            .prefix(self.keys.queuePrefix),
            options: .init(keysOnly: true)
        )
        return (response.header.revision, self.order(response.keyValues).map(QueueEntry.init))
    }

    /// The queue now, as its tickets describe themselves.
    func read() async throws -> (revision: EtcdRevision, keyValues: [EtcdKeyValue]) {
        let response = try await self.client.range(.prefix(self.keys.queuePrefix))
        return (response.header.revision, self.order(response.keyValues))
    }

    /// Deletes a ticket and leaves the marker of a clean release.
    ///
    /// May be repeated.
    func release(_ entry: QueueEntry) async throws -> RollingLockReleaseOutcome {
        let record = ReleaseRecord(fencingToken: entry.createRevision, at: .now)
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.createRevision(of: entry.key, .equal, entry.createRevision)],
                then: [.delete(entry.key), .put(self.keys.releaseMarker, record.encoded)],
                otherwise: [.get(entry.key), .get(self.keys.releaseMarker)]
            )
        )
        if response.succeeded { return .released }
        let found = response.results.map { $0.rangeResponse?.keyValues.first }
        if found.first.flatMap({ $0 }) != nil { return .notMine }
        // A marker with our own token: an earlier attempt got through, its answer did not.
        let marker = found.last.flatMap { $0 }.map { ReleaseRecord(reading: $0.value) }
        return marker?.fencingToken == entry.createRevision ? .released : .alreadyGone
    }

    /// Deletes a ticket whose owner does not want it, whether or not it ever came into being.
    func remove(_ key: EtcdBytes, lease: EtcdLeaseID) async throws {
        _ = try await self.client.commit(
            EtcdTransaction(when: [.lease(of: key, .equal, lease)], then: [.delete(key)])
        )
    }

    /// Writes a ticket; every ticket is written here.
    private func write(_ ticket: NewTicket) -> EtcdOperation {
        // SECURITY TODO(per-unit-ownership): nothing proves to etcd or to the others that this
        // process is the unit in the key; an etcd role per unit would make this put the proof.
        .put(ticket.key, self.authenticator.sign(ticket.record).encoded, lease: ticket.lease)
    }

    /// Turns what stands below the queue's prefix into the queue, first come first served.
    func order(_ keyValues: [EtcdKeyValue]) -> [EtcdKeyValue] {
        // SECURITY TODO(per-unit-ownership): every key counts as the ticket of the unit it names,
        // whoever wrote it; a check belongs here, and all clients must come to the same result.
        keyValues.sorted { QueueEntry($0) < QueueEntry($1) }
    }
}

extension QueueEntry {
    init(_ keyValue: EtcdKeyValue) {
        self.init(key: keyValue.key, createRevision: keyValue.createRevision)
    }
}
