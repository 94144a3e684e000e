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

    /// What the limits in etcd must be; `nil` if any will do.
    var limits: RollingLockLimits?

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
    ///
    /// - Throws: `EtcdError`, or ``RollingLockError`` with ``RollingLockError/Code/limitsDiffer``.
    func enqueue(_ ticket: NewTicket, listsFrom: EtcdRevision) async throws -> Entered {
        let listing = self.listing(from: listsFrom)
        var areKept = self.limits != .one
        while true {
            let response = try await self.client.commit(
                EtcdTransaction(
                    when: [.isAbsent(ticket.key)] + self.limitsAreOurs(areKept),
                    then: self.write(ticket) + [listing],
                    otherwise: [
                        .get(ticket.key),
                        .range(.prefix(self.keys.limitsPrefix), options: .init(keysOnly: true)),
                        listing,
                    ]
                )
            )
            let revision = response.header.revision
            let ranges = response.results.map { $0.rangeResponse?.keyValues ?? [] }
            let createRevision =
                response.succeeded ? revision : ranges.first?.first?.createRevision
            guard let createRevision, let listed = ranges.last else {
                areKept = try await self.keepLimits(ranges.dropFirst().first ?? [])
                continue
            }
            let kind = self.keys.kind(of: ticket.key) ?? .ticket(.exclusive)
            return Entered(
                entry: QueueEntry(key: ticket.key, createRevision: createRevision, kind: kind),
                revision: revision,
                listing: self.entries(listed)
            )
        }
    }

    /// What came of the attempt to take the lock in one step.
    enum Taking: Sendable {
        case taken(Entered)
        /// Somebody stands in the queue, or something else is in the way.
        case notFree(listing: [QueueEntry])
    }

    /// Writes a ticket if the queue is empty, and nothing else is in the way.
    ///
    /// - Throws: `EtcdError`, or ``RollingLockError`` with ``RollingLockError/Code/limitsDiffer``.
    func take(_ ticket: NewTicket) async throws -> Taking {
        let listing = self.listing(from: 0)
        var areKept = self.limits != .one
        while true {
            let response = try await self.client.commit(
                EtcdTransaction(
                    when: [
                        .isAbsent(.prefix(self.keys.queuePrefix)),
                        .isAbsent(.prefix(self.keys.openPrefix)), .isAbsent(self.keys.freeze),
                    ] + self.limitsAreOurs(areKept),
                    then: self.write(ticket) + [listing],
                    otherwise: [listing]
                )
            )
            let listed = response.results.last?.rangeResponse?.keyValues ?? []
            let entries = self.entries(listed)
            let revision = response.header.revision
            if response.succeeded {
                let kind = self.keys.kind(of: ticket.key) ?? .ticket(.exclusive)
                let entry = QueueEntry(key: ticket.key, createRevision: revision, kind: kind)
                return .taken(Entered(entry: entry, revision: revision, listing: entries))
            }
            let kept = listed.filter { $0.key.bytes.starts(with: self.keys.limitsPrefix.bytes) }
            let isMismatch =
                self.limits.map {
                    QueueView(entries, at: revision).limits != $0 || kept.isEmpty == areKept
                } ?? false
            guard isMismatch else { return .notFree(listing: entries) }
            areKept = try await self.keepLimits(kept)
        }
    }

    /// Keeps our limits if there are none, so that the request can be repeated.
    ///
    /// - Parameter kept: The keys of the limits that are there.
    /// - Returns: Whether our limits are kept; one slot need not be.
    /// - Throws: `EtcdError`, or ``RollingLockError`` with ``RollingLockError/Code/limitsDiffer``.
    private func keepLimits(_ kept: [EtcdKeyValue]) async throws -> Bool {
        guard let limits else {
            throw RollingLockError(code: .failed, message: "etcd's answer lacks the ticket")
        }
        if kept.isEmpty, limits == .one { return false }
        if kept.isEmpty, try await self.establish(limits) { return true }
        let found = QueueView(self.entries(kept), at: 1).limits
        guard found != limits else { return true }
        throw RollingLockError(
            code: .limitsDiffer,
            message: "this unit wants \(limits), but the lock has \(found); give all units the "
                + "same, or change what etcd keeps of the lock"
        )
    }

    /// What must hold for a ticket of ours to enter the queue.
    private func limitsAreOurs(_ areKept: Bool) -> [EtcdCompare] {
        guard let limits else { return [] }
        return areKept
            ? [.exists(self.keys.limits(limits))] : [.isAbsent(.prefix(self.keys.limitsPrefix))]
    }

    private func listing(from revision: EtcdRevision) -> EtcdOperation {
        .range(
            self.keys.watched,
            options: .init(
                keysOnly: true,
                minimumCreateRevision: revision > 0 ? revision : nil
            )
        )
    }

    /// The queue now, without values.
    func list() async throws -> (revision: EtcdRevision, entries: [QueueEntry]) {
        let response = try await self.client.range(
            self.keys.watched,
            options: .init(keysOnly: true)
        )
        return (response.header.revision, self.entries(response.keyValues))
    }

    /// The queue now, as its tickets describe themselves.
    func read() async throws -> (revision: EtcdRevision, keyValues: [EtcdKeyValue]) {
        let response = try await self.client.range(self.keys.watched)
        return (response.header.revision, self.order(response.keyValues))
    }

    /// Deletes a ticket and leaves the marker of a clean release.
    ///
    /// May be repeated.
    func release(_ entry: QueueEntry) async throws -> RollingLockReleaseOutcome {
        guard let outcome = try await self.release(entry, when: [], then: []) else {
            throw RollingLockError(code: .failed, message: "etcd's answer contradicts itself")
        }
        return outcome
    }

    /// Deletes a ticket and leaves the marker of a clean release, if something else holds too.
    ///
    /// - Returns: What became of the ticket; `nil` if it stands, for the other condition did not hold.
    func release(
        _ entry: QueueEntry,
        when conditions: [EtcdCompare],
        then operations: [EtcdOperation]
    ) async throws -> RollingLockReleaseOutcome? {
        let record = ReleaseRecord(fencingToken: entry.createRevision, at: .now)
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.createRevision(of: entry.key, .equal, entry.createRevision)]
                    + conditions,
                then: [
                    .delete(entry.key), .delete(self.keys.open(entry.key)),
                    .put(self.keys.releaseMarker, record.encoded),
                ] + operations,
                otherwise: [.get(entry.key), .get(self.keys.releaseMarker)]
            )
        )
        if response.succeeded { return .released }
        let found = response.results.map { $0.rangeResponse?.keyValues.first }
        if let standing = found.first.flatMap({ $0 }) {
            return standing.createRevision == entry.createRevision ? nil : .notMine
        }
        // A marker with our own token: an earlier attempt got through, its answer did not.
        let marker = found.last.flatMap { $0 }.map { ReleaseRecord(reading: $0.value) }
        return marker?.fencingToken == entry.createRevision ? .released : .alreadyGone
    }

    /// Deletes a ticket whose owner does not want it, whether or not it ever came into being.
    ///
    /// The owner is not at work any more, so it is a clean end, also if the ticket is gone.
    func remove(_ key: EtcdBytes, lease: EtcdLeaseID) async throws {
        let open = self.keys.open(key)
        _ = try await self.client.commit(
            EtcdTransaction(
                when: [.lease(of: key, .equal, lease)],
                then: [.delete(key), .delete(open)],
                otherwise: [
                    // Under another lease it belongs to another process.
                    .transaction(EtcdTransaction(when: [.isAbsent(key)], then: [.delete(open)]))
                ]
            )
        )
    }

    /// Writes a ticket; every ticket is written here.
    private func write(_ ticket: NewTicket) -> [EtcdOperation] {
        // SECURITY TODO(per-unit-ownership): nothing proves to etcd or to the others that this
        // process is the unit in the key; an etcd role per unit would make this put the proof.
        [
            .put(ticket.key, self.authenticator.sign(ticket.record).encoded, lease: ticket.lease),
            .put(self.keys.open(ticket.key), ""),
        ]
    }

    /// What is listed, in the order of the queue, without what RollingLock does not know.
    func entries(_ keyValues: [EtcdKeyValue]) -> [QueueEntry] {
        self.order(keyValues).compactMap { self.entry($0) }
    }

    /// A listed key; `nil` if RollingLock does not know what it is.
    func entry(_ keyValue: EtcdKeyValue) -> QueueEntry? {
        self.keys.kind(of: keyValue.key).map {
            QueueEntry(key: keyValue.key, createRevision: keyValue.createRevision, kind: $0)
        }
    }

    /// Turns what stands below the queue's prefix into the queue, first come first served.
    func order(_ keyValues: [EtcdKeyValue]) -> [EtcdKeyValue] {
        // SECURITY TODO(per-unit-ownership): every key counts as the ticket of the unit it names,
        // whoever wrote it; a check belongs here, and all clients must come to the same result.
        keyValues.sorted { ($0.createRevision, $0.key) < ($1.createRevision, $1.key) }
    }
}
