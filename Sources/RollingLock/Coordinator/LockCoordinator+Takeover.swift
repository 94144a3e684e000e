// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Logging
import Synchronization

/// What happens after a ticket of ours, or of another process, came to an unclean end.
extension LockCoordinator {
    /// Gives the owners of these tickets the time to stop that they need.
    func startTakeover(_ orphans: [QueueEntry], _ state: inout State) {
        state.takeoverCount += 1
        let number = state.takeoverCount
        // It serves all who wait, so it belongs to none of their tasks.
        state.takeovers[number] = Task {
            await self.awaitTakeover(orphans)
            self.state.withLock { $0.takeovers[number] = nil }
        }
    }

    private func awaitTakeover(_ orphans: [QueueEntry]) async {
        do {
            try await Task.sleep(for: self.configuration.takeoverDelay)
            if self.configuration.onHolderDeath == .freeze {
                for orphan in orphans { try await self.freeze(because: orphan) }
            }
            self.update { $0.machine.takeoverIsDue(orphans) }
        } catch {
            // Only cancellation or a refusal ends it, and whoever is refused must not go on.
            self.refuse(RollingLockError.translate(error, self.requests))
        }
    }

    /// Stops the roll, for the unit of this ticket may be half done.
    private func freeze(because orphan: QueueEntry) async throws {
        let unit = self.keys.owner(of: orphan.key).description
        let record = FreezeRecord(
            reason: "\(unit) came to an unclean end while it may have held the lock",
            by: self.configuration.unit,
            at: .now
        )
        var backoff = Backoff()
        while true {
            do {
                return try await self.requests.freeze(record, because: orphan)
            } catch {
                guard error is EtcdError, !error.isRefusal else { throw error }
                try await Task.sleep(for: backoff.next())
            }
        }
    }

    /// Fails all who wait, since they cannot be told when their turn comes.
    func refuse(_ error: any Error) {
        guard let error = error as? RollingLockError else { return }
        let tickets = self.state.withLock { Array($0.tickets.values) }
        // The tasks that wait take their tickets back; a ticket that holds the lock takes no notice.
        for ticket in tickets { ticket.granted.fulfil(.failure(error)) }
    }

    /// Deletes what orphans left, so that nobody waits for them again.
    func bury(_ orphans: [QueueEntry]) async {
        do {
            for orphan in orphans { try await self.requests.bury(orphan) }
        } catch {
            // Others will do it, or wait once more; a unit may not be granted the others' keys.
            self.logger.info("what an unclean end left could not be removed: \(error)")
        }
    }

    /// What keeps a ticket waiting, for showing to people.
    func pause(by obstacle: LockQueueStateMachine.Obstacle) -> RollingLockPause {
        switch obstacle {
        case .freeze: .frozen
        case .orphan(let key): .takeover(unit: self.keys.owner(of: key).description)
        }
    }
}
