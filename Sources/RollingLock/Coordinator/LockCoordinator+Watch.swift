// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization
import Logging

extension LockCoordinator {
    /// An event of the watch; those of an earlier watch are ignored.
    private func update(
        watch generation: Int,
        _ event: (inout LockQueueStateMachine) -> [Action]
    ) {
        self.update { state in
            guard state.watch?.generation == generation else { return [] }
            return event(&state.machine)
        }
    }

    /// How long the lock may be held without the watch.
    private static let unwatchedTime = Duration.milliseconds(20)

    /// Opens the watch once a ticket has held the lock for a while without.
    func runHoldTimer() async {
        var goesOn = true
        while goesOn {
            let holds = self.state.withLock { state in
                state.tickets.values.filter { $0.granted.current != nil }.map(\.id)
            }
            try? await Task.sleep(for: Self.unwatchedTime)
            self.update { state in
                let isOld = holds.contains { state.tickets[$0] != nil }
                goesOn = state.watch == nil && !state.machine.isIdle && !isOld
                if !goesOn { state.isHoldTimerRunning = false }
                return state.watch == nil && isOld ? state.machine.heldForAWhile() : []
            }
        }
    }

    func runWatch(_ generation: Int) async {
        var backoff = Backoff()
        while true {
            do {
                let watch = try await self.requests.client.watch(
                    self.keys.watched,
                    options: .init(excludesPuts: true, reportsResumption: true)
                )
                self.update(watch: generation) { $0.watchOpened() }
                backoff = Backoff()
                for try await batch in watch { self.received(batch, watch: generation) }
            } catch {
                self.watchFailed(error)
            }
            var action = LockQueueStateMachine.WatchEndedAction.none
            self.update { state in
                guard state.watch?.generation == generation else { return [] }
                action = state.machine.watchEnded()
                if action == .none { state.watch = nil }
                return []
            }
            guard action == .open, !Task.isCancelled else { return }
            try? await Task.sleep(for: backoff.next())
        }
    }

    private func received(_ batch: EtcdWatchBatch, watch generation: Int) {
        switch batch.kind {
        case .events:
            let deletions = batch.events.compactMap { event -> QueueDeletion? in
                guard event.kind == .delete, let kind = self.keys.kind(of: event.key) else {
                    return nil
                }
                return QueueDeletion(key: event.key, revision: event.revision, kind: kind)
            }
            self.update(watch: generation) { $0.deleted(deletions) }
        case .resumed:
            self.update(watch: generation) { $0.watchResumed() }
        case .progress:
            break
        }
    }

    /// Whoever waits cannot be told when its turn comes if etcd refuses the watch for good.
    private func watchFailed(_ error: any Error) {
        guard !(error is CancellationError) else { return }
        self.logger.info("the watch on the queue ended: \(error)")
        guard error.isRefusal else { return }
        let translated = RollingLockError.translate(error, self.requests) as? RollingLockError
        if let translated { self.refuse(translated) }
    }

    func list(_ id: LockQueueStateMachine.ListingID) async {
        do {
            let (revision, entries) = try await self.requests.list()
            self.update { $0.machine.listed(id, at: revision, listing: entries) }
        } catch {
            self.logger.info("the queue could not be read: \(error)")
            try? await Task.sleep(for: .milliseconds(500))
            self.update { $0.machine.listingFailed(id) }
        }
    }
}
