// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why nobody is granted a lock, as whoever froze it says.
public struct RollingLockFreeze: Sendable, Hashable {
    /// Why, fit for a terminal.
    public var reason: String?

    /// The unit that did it, fit for a terminal.
    public var by: String?

    /// Since when, by that unit's wall clock.
    public var at: RollingLockTimestamp?

    init(_ record: FreezeRecord) {
        self.reason = record.reason.map(Printable.text)
        self.by = record.by.map(Printable.text)
        self.at = record.at
    }
}

/// Why a ticket waits although it need not wait for another one.
public enum RollingLockPause: Sendable, Hashable {
    /// The lock is frozen: ``RollingLock/queue()`` tells why.
    case frozen

    /// A unit came to an unclean end while it may have held the lock, and is given the time to stop.
    case takeover(unit: String)
}
