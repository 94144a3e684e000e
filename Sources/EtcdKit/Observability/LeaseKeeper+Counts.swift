// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension LeaseKeeper {
    /// Tells those who observe the client when there are more leases than before, or less.
    func countLeases() {
        guard let record = self.core.instruments?.record, self.entries.count != self.countedLeases
        else { return }
        record(.leases(change: self.entries.count - self.countedLeases))
        self.countedLeases = self.entries.count
    }

    /// Tells them how much time was left when a renewal was confirmed.
    func measureSlack(of id: EtcdLeaseID, renewedFor ttl: Duration) {
        guard let record = self.core.instruments?.record, ttl > .zero,
            let deadline = self.entries[id]?.record.deadline
        else { return }
        record(.leaseRenewed(slack: deadline - .now))
    }
}
