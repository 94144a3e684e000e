// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization

/// One acquisition of this process: its ticket in etcd and what has become of it.
final class LocalTicket: Sendable {
    /// How a ticket came to its end.
    enum Ending: Sendable {
        case lost(RollingLockLossReason)
        case givenUp
    }

    let id: LockQueueStateMachine.TicketID
    let key: EtcdBytes
    let ticketClass: TicketClass
    let session: EtcdLeaseSession

    /// The fencing token once the lock is held, or why it never will be.
    let granted = OneShot<Result<EtcdRevision, RollingLockError>>()

    /// Comes when the ticket is lost or given up, while waiting or while held.
    let ended = OneShot<Ending>()

    /// What a release came to; the first release decides, the others see the same.
    let released = OneShot<Result<RollingLockReleaseOutcome, RollingLockError>>()

    /// Comes when an unwanted ticket was removed.
    let removed = OneShot<Void>()

    private let isUncertain = Atomic(false)
    private let isBeingReleased = Atomic(false)

    /// True if a request that writes the ticket may still reach etcd after its deletion.
    var mayArriveLate: Bool { self.isUncertain.load(ordering: .relaxed) }

    /// The fate of a request that writes the ticket is unknown.
    func noteUncertainty() {
        self.isUncertain.store(true, ordering: .relaxed)
    }

    /// True for the first release.
    func claimRelease() -> Bool {
        self.isBeingReleased.compareExchange(
            expected: false,
            desired: true,
            ordering: .relaxed
        ).exchanged
    }

    private let onProgress: (@Sendable (RollingLockProgress) -> Void)?
    private let reported = Mutex<(sequence: Int, last: RollingLockProgress?)>((0, nil))

    init(
        id: LockQueueStateMachine.TicketID,
        key: EtcdBytes,
        ticketClass: TicketClass,
        session: EtcdLeaseSession,
        onProgress: (@Sendable (RollingLockProgress) -> Void)?
    ) {
        self.id = id
        self.key = key
        self.ticketClass = ticketClass
        self.session = session
        self.onProgress = onProgress
    }

    /// True if somebody wants to know what happens.
    var isObserved: Bool { self.onProgress != nil }

    /// Tells the observer, unless it knows or was told something later.
    ///
    /// - Parameters:
    ///   - progress: What happens.
    ///   - sequence: Grows with the order in which things were decided.
    func report(_ progress: RollingLockProgress, sequence: Int) {
        guard let onProgress else { return }
        self.reported.withLock { reported in
            guard sequence > reported.sequence, reported.last != progress else { return }
            reported = (sequence, progress)
            onProgress(progress)
        }
    }

    /// Tells the observer of a loss before the owner hears of it as an error.
    ///
    /// Whoever waits is woken first and the observer told afterwards, since an observer that takes
    /// its time must not hold up the owner. So the owner makes sure, where it has to be in order.
    func reportLoss() {
        guard case .lost(let reason)? = self.ended.current else { return }
        self.report(.lost(reason), sequence: .max)
    }

    /// The ticket is gone although its owner did not give it up.
    func lose(_ reason: RollingLockLossReason) {
        // In this order, for who waits to be granted looks at the end.
        self.ended.fulfil(.lost(reason))
        self.granted.fulfil(.failure(.lost(reason, whileWaiting: true)))
    }
}

extension RollingLockError {
    static func lost(
        _ reason: RollingLockLossReason,
        whileWaiting: Bool,
        cause: (any Error)? = nil
    ) -> RollingLockError {
        if reason == .closed, whileWaiting {
            return RollingLockError(code: .closed, message: reason.description)
        }
        let what = whileWaiting ? "the place in the queue was lost" : "the lock was lost"
        return RollingLockError(
            code: .lost,
            message: "\(what): \(reason)",
            lossReason: reason,
            cause: cause is CancellationError ? nil : cause
        )
    }
}
