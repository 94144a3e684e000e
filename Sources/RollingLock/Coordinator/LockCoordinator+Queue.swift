// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Logging

extension LockCoordinator {
    /// Who holds the lock and who waits, now.
    func queue() async throws -> RollingLockQueue {
        do {
            let (revision, keyValues) = try await self.requests.read()
            return self.queue(at: revision, keyValues)
        } catch {
            throw RollingLockError.translate(error, self.requests)
        }
    }

    /// The queue after each change; a slow reader gets the latest one.
    func queueUpdates() -> AsyncThrowingStream<RollingLockQueue, any Error> {
        AsyncThrowingStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            // It ends with the stream.
            let task = Task {
                do {
                    try await self.followQueue { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: RollingLockError.translate(error, self.requests))
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private func followQueue(_ yield: (RollingLockQueue) -> Void) async throws {
        var backoff = Backoff()
        var hasYielded = false
        while !Task.isCancelled {
            do {
                // The watch first, so that nothing happens between.
                let watch = try await self.requests.client.watch(
                    self.keys.watched,
                    options: .init(reportsResumption: true)
                )
                var (revision, keyValues) = try await self.requests.read()
                yield(self.queue(at: revision, keyValues))
                hasYielded = true
                backoff = Backoff()
                for try await batch in watch {
                    switch batch.kind {
                    case .events:
                        let news = batch.events.filter { $0.revision > revision }
                        guard let last = news.last else { continue }
                        for event in news { keyValues.apply(event) }
                        keyValues = self.requests.order(keyValues)
                        revision = last.revision
                    case .resumed:
                        (revision, keyValues) = try await self.requests.read()
                    case .progress:
                        continue
                    }
                    yield(self.queue(at: revision, keyValues))
                }
            } catch {
                guard hasYielded, !error.isRefusal, !(error is CancellationError) else {
                    throw error
                }
                self.logger.info("the watch on the queue ended: \(error)")
            }
            try await Task.sleep(for: backoff.next())
        }
    }

    private func queue(at revision: EtcdRevision, _ keyValues: [EtcdKeyValue]) -> RollingLockQueue {
        let own = self.ownKeys
        let view = QueueView(self.requests.entries(keyValues), at: revision)
        let freeze = keyValues.first { $0.key == self.keys.freeze }
        let frozen = freeze.map { FreezeRecord(reading: $0.value) }
        // An orphan that still counts for somebody is shown, but does not hide who holds the lock.
        let holders = Set(
            view.holders { _ in false }
                .filter { frozen?.holders.contains($0.createRevision) ?? true }
                .map(\.key)
        )
        let values = Dictionary(keyValues.map { ($0.key, $0) }, uniquingKeysWith: { $1 })
        func ticket(_ entry: QueueEntry) -> RollingLockTicket {
            let owner = self.keys.owner(of: entry.key)
            let keyValue = values[entry.key]
            let record = TicketRecord(reading: keyValue?.value ?? "")
            return RollingLockTicket(
                key: entry.key,
                unit: owner.unit,
                unitDescription: owner.description,
                createRevision: entry.createRevision,
                leaseID: keyValue?.lease,
                since: record.since,
                reason: record.reason.map(Printable.text),
                isMine: own.contains(entry.key),
                isHolding: holders.contains(entry.key),
                mode: entry.ticketClass == .shared ? .shared : .exclusive,
                group: entry.ticketClass.group
            )
        }
        return RollingLockQueue(
            revision: revision,
            tickets: view.entries.map(ticket),
            orphans: view.orphans.map(ticket),
            limits: view.limits,
            freeze: frozen.map { RollingLockFreeze($0) }
        )
    }
}

extension TicketClass {
    /// The group, if it has one.
    fileprivate var group: EtcdBytes? {
        if case .grouped(let group) = self { group } else { nil }
    }
}

extension [EtcdKeyValue] {
    /// Brings a listing up to date.
    fileprivate mutating func apply(_ event: EtcdEvent) {
        self.removeAll { $0.key == event.key }
        if event.kind == .put { self.append(event.keyValue) }
    }
}
