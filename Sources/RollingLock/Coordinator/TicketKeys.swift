// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// The keys of tickets that were released and may be used again under the same lease.
///
/// etcd keeps deleted keys in its index until a compaction, and every listing of the queue walks
/// over them: after some thousand acquisitions under ever new keys, entering the queue takes twice as
/// long. A key comes here only when its deletion is confirmed and no request that writes or
/// removes it without naming a create revision can still be under way. Everybody compares tickets
/// by create revision, so a key that is seen again is another ticket.
struct TicketKeys {
    private var lease: EtcdLeaseID?
    private var keys: [TicketClass: [EtcdBytes]] = [:]

    /// Takes a key for a new ticket, if there is one.
    mutating func take(
        for lease: EtcdLeaseID,
        _ ticketClass: TicketClass = .exclusive
    ) -> EtcdBytes? {
        lease == self.lease ? self.keys[ticketClass]?.popLast() : nil
    }

    /// Gives a key back.
    mutating func give(
        _ key: EtcdBytes,
        of lease: EtcdLeaseID,
        _ ticketClass: TicketClass = .exclusive
    ) {
        if lease != self.lease {
            self.lease = lease
            self.keys = [:]
        }
        self.keys[ticketClass, default: []].append(key)
    }
}
