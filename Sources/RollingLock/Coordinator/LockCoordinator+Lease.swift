// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Synchronization
import Logging

extension LockCoordinator {
    /// Tells the tickets of a session how their lease stands, until it is lost.
    func follow(_ session: EtcdLeaseSession) async {
        var wasSuspect = false
        for await leaseState in session.states {
            switch leaseState {
            case .live where wasSuspect:
                wasSuspect = false
                self.report(on: session) { token in .held(fencingToken: token) }
            case .live:
                break
            case .suspect(let until):
                wasSuspect = true
                self.logger.warning("renewals of the lease are overdue")
                self.report(on: session) { _ in .suspect(until: until) }
            case .lost(let reason):
                self.update { $0.machine.leaseEnded(session.id, .init(reason)) }
                return
            }
        }
    }

    /// Lets go of a session whose lease is gone or of no use any more; the next ticket gets another.
    func discard(_ session: EtcdLeaseSession, _ reason: RollingLockLossReason) {
        self.update { $0.machine.leaseEnded(session.id, reason) }
        self.sessions.discard(session)
    }

    private func report(
        on session: EtcdLeaseSession,
        _ progress: (EtcdRevision) -> RollingLockProgress
    ) {
        let (tickets, sequence) = self.state.withLock { state in
            state.sequence += 1
            return (state.tickets.values.filter { $0.session === session }, state.sequence)
        }
        for ticket in tickets {
            guard case .success(let token)? = ticket.granted.current else { continue }
            ticket.report(progress(token), sequence: sequence)
        }
    }
}

extension RollingLockLossReason {
    init(_ reason: EtcdLeaseSession.LossReason) {
        switch reason {
        case .expired: self = .leaseExpired
        case .revoked: self = .leaseRevoked
        default: self = .closed
        }
    }
}
