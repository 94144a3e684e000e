// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Deadlines.
extension Connection {
    func schedule(
        after delay: Duration,
        _ work: @escaping @Sendable (isolated Connection) -> Void
    ) -> EventLoopTimer {
        self.loop.schedule(after: delay) { [weak self] in
            self?.assumeIsolated { work($0) }
        }
    }

    /// One timer serves all deadlines: it rings at the earliest, and most calls are gone by then.
    func watch(_ deadline: ContinuousClock.Instant) {
        if let timer = self.deadlineTimer, timer.deadline <= deadline {
            return
        }
        self.deadlineTimer?.cancel()
        self.deadlineTimer = self.loop.schedule(at: deadline) { [weak self] in
            self?.assumeIsolated { $0.endOverdueCalls() }
        }
    }

    func endOverdueCalls() {
        self.deadlineTimer = nil
        let now = ContinuousClock.now
        var next: ContinuousClock.Instant?
        for stream in Array(self.session.openStreams) {
            guard let call = stream as? GRPCCall, let deadline = call.deadline else {
                continue
            }
            if deadline <= now {
                call.abort(.deadlineExceeded)
            } else {
                next = min(next ?? deadline, deadline)
            }
        }
        if let next {
            self.watch(next)
        }
        self.scheduleFlush()
    }
}
