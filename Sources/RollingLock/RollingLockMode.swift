// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Beside which others a ticket may hold the lock.
public enum RollingLockMode: String, Sendable, Hashable {
    /// Alone, or beside others of its kind as far as the lock has slots.
    case exclusive

    /// Beside any number of other shared tickets, and no exclusive one.
    ///
    /// The order is kept: a shared ticket behind an exclusive one that waits does not overtake it.
    case shared
}

/// What is done when a unit came to an unclean end while it may have held the lock.
public enum RollingLockHolderDeathPolicy: String, Sendable, Hashable {
    /// After the takeover delay the next is granted the lock.
    case `continue`

    /// After the takeover delay the lock is frozen, for somebody to look.
    ///
    /// The units that wait do it, so they must be allowed to write the lock's keys.
    case freeze
}
