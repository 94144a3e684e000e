// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// What decides for all who wait.
///
/// Their watch does not report what is created. So each of these transactions deletes a key that they
/// watch, the *bell*, in the very revision in which it changes something.
extension LockRequests {
    /// Lets nobody be granted the lock any more.
    ///
    /// When it returns, no ticket is granted the lock by what is deleted from now on.
    func freeze(_ record: FreezeRecord, recording: [EtcdOperation]) async throws {
        while true {
            let (record, bell) = try await self.withBell(record)
            let response = try await self.client.commit(
                EtcdTransaction(
                    when: [bell],
                    then: [.put(self.keys.freeze, record.encoded), .delete(self.keys.notice)]
                        + recording
                )
            )
            if response.succeeded { return }
            // Somebody else has used the bell: once more.
        }
    }

    /// Freezes the lock because a ticket came to an unclean end, once for each ticket.
    ///
    /// If the lock is frozen already it stays as it is.
    func freeze(_ record: FreezeRecord, because orphan: QueueEntry) async throws {
        let open = self.keys.open(orphan.key)
        let isThere = EtcdCompare.createRevision(of: open, .equal, orphan.createRevision)
        while true {
            let (record, bell) = try await self.withBell(record)
            let response = try await self.client.commit(
                EtcdTransaction(
                    when: [bell, isThere, .isAbsent(self.keys.freeze)],
                    then: [
                        .put(self.keys.freeze, record.encoded), .delete(self.keys.notice),
                        .delete(open),
                    ],
                    otherwise: [
                        .transaction(
                            EtcdTransaction(
                                when: [isThere, .exists(self.keys.freeze)],
                                then: [.delete(open)]
                            )
                        ),
                        .get(open),
                    ]
                )
            )
            let left = response.results.last?.rangeResponse?.keyValues.first
            guard !response.succeeded, left?.createRevision == orphan.createRevision else { return }
        }
    }

    /// Lets the next be granted the lock again.
    ///
    /// - Returns: False if the lock was not frozen.
    func unfreeze(recording: [EtcdOperation]) async throws -> Bool {
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [.exists(self.keys.freeze)],
                then: [.delete(self.keys.freeze)] + recording
            )
        )
        return response.succeeded
    }

    /// Gives a held lock up and freezes it, in one revision: nobody is granted it between.
    ///
    /// May be repeated.
    func release(
        _ entry: QueueEntry,
        freezing record: FreezeRecord
    ) async throws -> RollingLockReleaseOutcome {
        while true {
            let (record, bell) = try await self.withBell(record, without: entry)
            let outcome = try await self.release(
                entry,
                when: [bell],
                then: [.put(self.keys.freeze, record.encoded), .delete(self.keys.notice)]
            )
            if let outcome { return outcome }
        }
    }

    /// Changes how many may hold the lock together.
    ///
    /// Whoever holds it goes on, also if there are fewer slots now.
    func setLimits(_ limits: RollingLockLimits) async throws {
        let key = self.keys.limits(limits)
        while true {
            let found = try await self.client.range(
                .prefix(self.keys.limitsPrefix),
                options: .init(keysOnly: true)
            ).keyValues
            if found.map(\.key) == [key] { return }
            let (_, bell) = try await self.withBell(nil)
            let unchanged = found.map { EtcdCompare.isUnchanged($0) }
            let former = found.filter { $0.key != key }.map { EtcdOperation.delete($0.key) }
            let response = try await self.client.commit(
                EtcdTransaction(
                    when: [bell]
                        + (found.isEmpty
                            ? [.isAbsent(.prefix(self.keys.limitsPrefix))] : unchanged),
                    then: former + [.put(key, "")]
                        + [.delete(self.keys.notice)]
                )
            )
            if response.succeeded { return }
        }
    }

    /// Keeps the limits of the first who says any, while nobody else relies on others.
    ///
    /// - Returns: False if there are others, or somebody stands in the queue.
    func establish(_ limits: RollingLockLimits) async throws -> Bool {
        let response = try await self.client.commit(
            EtcdTransaction(
                when: [
                    .isAbsent(.prefix(self.keys.limitsPrefix)),
                    .isAbsent(.prefix(self.keys.queuePrefix)),
                ],
                then: [.put(self.keys.limits(limits), "")]
            )
        )
        return response.succeeded
    }

    /// Deletes what an orphan left.
    func bury(_ orphan: QueueEntry) async throws {
        let open = self.keys.open(orphan.key)
        _ = try await self.client.commit(
            EtcdTransaction(
                when: [
                    .createRevision(of: open, .equal, orphan.createRevision),
                    .isAbsent(orphan.key),
                ],
                then: [.delete(open)]
            )
        )
    }

    /// Hangs up the bell, to be rung by its deletion.
    ///
    /// - Returns: The record with the holders of this moment, and what holds while the bell hangs.
    private func withBell(
        _ record: FreezeRecord?,
        without leaving: QueueEntry? = nil
    ) async throws -> (FreezeRecord, EtcdCompare) {
        let response = try await self.client.commit(
            EtcdTransaction(
                then: [
                    .put(self.keys.notice, ""),
                    .get(self.keys.freeze),
                    .range(self.keys.watched, options: .init(keysOnly: true)),
                ]
            )
        )
        let listed = response.results.last?.rangeResponse?.keyValues ?? []
        let view = QueueView(self.entries(listed), at: response.header.revision)
        var record = record ?? FreezeRecord(reading: "")
        record.holders = []
        if view.isFrozen {
            // They are those who held it when it was frozen first.
            let former = response.results.dropFirst().first?.rangeResponse?.keyValues.first
            record.holders = former.map { FreezeRecord(reading: $0.value).holders } ?? []
        } else {
            record.holders = view.holders { _ in true }.filter { $0 != leaving }
                .map(\.createRevision)
        }
        return (record, .exists(self.keys.notice))
    }
}
