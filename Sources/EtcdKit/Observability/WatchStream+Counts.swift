// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How many watches there are, and how many of them wait for their consumers.
struct WatchCounts: Hashable {
    var all = 0
    var suspended = 0
}

extension WatchStream {
    /// Tells those who observe the client when there are more watches than before, or less.
    func countWatches() {
        guard let record = self.core.instruments?.record else { return }
        let counts = WatchCounts(all: self.mailboxes.count, suspended: self.suspended.count)
        let old = self.counted
        self.counted = counts
        if counts.all != old.all { record(.watches(change: counts.all - old.all)) }
        if counts.suspended != old.suspended {
            record(.suspendedWatches(change: counts.suspended - old.suspended))
        }
    }
}
