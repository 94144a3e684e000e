// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// What a key in the watched part of a lock is.
///
/// The key alone tells, so that listings without values and deletions say all that decides.
enum QueueKeyKind: Hashable, Sendable {
    /// Somebody's place in the queue.
    case ticket(TicketClass)
    /// Says that the ticket of this key has not come to a clean end.
    case open(ticket: EtcdBytes, TicketClass)
    /// While it is there nobody is granted the lock.
    case freeze
    /// How many may hold the lock together; `nil` if it cannot be read.
    case limits(RollingLockLimits?)
    /// Is deleted to make everybody who waits look before the next grant.
    case notice
}

/// Beside which others a ticket may hold the lock.
enum TicketClass: Hashable, Sendable {
    /// Beside others of its kind, as far as there are slots.
    case exclusive
    /// Beside any number of its kind, and nobody else.
    case shared
    /// Beside others of the same group, as far as there are slots.
    case grouped(EtcdBytes)

    /// The end of the ticket's name.
    var suffix: String {
        switch self {
        case .exclusive: ""
        case .shared: ".shared"
        case .grouped(let group):
            ".group=" + String(decoding: PercentEncoding.encode(group.bytes), as: UTF8.self)
        }
    }

    /// Reads the end of a ticket's name; `nil` if no version of RollingLock can have written it.
    init?(suffix: some Collection<UInt8>) {
        if suffix.isEmpty {
            self = .exclusive
        } else if suffix.elementsEqual(".shared".utf8) {
            self = .shared
        } else if suffix.starts(with: ".group=".utf8),
            let group = PercentEncoding.decode(Array(suffix.dropFirst(".group=".utf8.count))),
            !group.isEmpty
        {
            self = .grouped(EtcdBytes(group))
        } else {
            return nil
        }
    }
}
