// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

/// What happens to one acquisition, for showing to people.
public enum RollingLockProgress: Sendable, Hashable {
    /// The ticket stands in the queue.
    ///
    /// `place` is the number of tickets ahead. `ahead` names their
    /// units in queue order, the holder first.
    case waiting(place: Int, ahead: [String])

    /// The ticket stands in the queue, and it is not another ticket that keeps it waiting.
    case paused(RollingLockPause)

    /// The lock is held, under this fencing token.
    case held(fencingToken: EtcdRevision)

    /// The lock is held, but renewals of its lease are overdue: unless one succeeds, it is lost at
    /// that moment.
    case suspect(until: ContinuousClock.Instant)

    /// The ticket is gone, while waiting or while held.
    case lost(RollingLockLossReason)
}
