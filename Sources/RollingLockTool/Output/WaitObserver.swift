// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl
import RollingLock
import Synchronization

/// Tells how the waiting for a lock goes.
final class WaitObserver: Sendable {
    private let lock: RollingLock
    private let reporter: EventReporter
    /// Set once it has been told who the holder is.
    private let holderIsTold = Mutex(false)

    init(lock: RollingLock, reporter: EventReporter) {
        self.lock = lock
        self.reporter = reporter
    }

    func show(_ progress: RollingLockProgress) {
        switch progress {
        case .waiting(let place, let ahead):
            self.reporter.report(.waiting) {
                $0.place = place
                $0.ahead = ahead
            }
            let isFirst = self.holderIsTold.withLock { isTold in
                defer { isTold = true }
                return !isTold
            }
            // Who waits long wants to know since when; only the queue itself tells.
            if isFirst { Task { await self.tellHolder() } }
        case .paused(let pause):
            self.reporter.report(.paused) { event in
                switch pause {
                case .frozen:
                    event.frozen = true
                    event.reason = "it is frozen; rolling-lock status tells why"
                case .takeover(let unit):
                    event.reason =
                        "\(unit) came to an unclean end and is given the time to stop"
                }
            }
        case .suspect(let deadline):
            let left = DurationText.format(deadline - ContinuousClock.now)
            self.reporter.report(.suspect) { $0.reason = "the lock is lost in \(left) without one" }
        // Told with more detail where they are acted upon.
        case .held, .lost: break
        }
    }

    private func tellHolder() async {
        guard let holder = try? await self.lock.queue().holder, !holder.isMine else { return }
        self.reporter.report(.holder) {
            $0.holder = holder.unitDescription
            $0.since = holder.since.map { "\($0)" }
            $0.reason = holder.reason
        }
    }
}
