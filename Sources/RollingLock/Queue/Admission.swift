// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides how far the holders reach into a queue, from its head on.
///
/// Nobody overtakes: the holders are the longest beginning of the queue whose tickets bear each
/// other. A deletion can only make that reach further, and a new ticket, at the end, changes nothing
/// for those before it.
struct Admission {
    let limits: RollingLockLimits
    private var first: TicketClass?
    private var count = 0
    private var isClosed = false

    init(limits: RollingLockLimits) {
        self.limits = limits
    }

    /// Whether the next ticket of the queue holds the lock beside all those before it.
    mutating func admits(_ next: TicketClass) -> Bool {
        guard !self.isClosed, self.bears(next) else {
            self.isClosed = true
            return false
        }
        self.first = self.first ?? next
        self.count += 1
        return true
    }

    private func bears(_ next: TicketClass) -> Bool {
        guard let first else { return true }
        return first == next && (first == .shared || self.count < self.limits.slotCount)
    }
}
