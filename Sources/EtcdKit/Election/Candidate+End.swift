// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Logging

extension Candidate {
    /// Deletes the key of a leader that resigns, until that is confirmed or its lease is gone.
    func settleResignation(_ entry: ElectionEntry) async {
        var backoff = Backoff()
        var mayHaveRemoved = false
        while true {
            do {
                var outcome = try await self.requests.remove(entry)
                // An earlier try got through, and its answer did not.
                if outcome == .alreadyGone, mayHaveRemoved { outcome = .resigned }
                // Before the caller goes on, who may shut the client down.
                await self.session.close()
                return self.update { machine in
                    machine.resigned(outcome)
                    return .none
                }
            } catch {
                let error = error as? EtcdError
                if error?.code == .ambiguous { mayHaveRemoved = true }
                guard !self.session.isLost, let error, !error.endsElections else {
                    return self.update(failure: error) { machine in
                        machine.resigned(nil)
                        return .none
                    }
                }
                try? await Task.sleep(for: Backoff.jittered(upTo: backoff.next()))
            }
        }
    }

    /// Ends the lease of a candidacy that is over, and with it the key, if that is or will be there.
    ///
    /// Returns at once. What is left when the server cannot be reached is gone when the lease is.
    static func endLease(of session: EtcdLeaseSession, _ client: EtcdClient) {
        if case .lost(let reason) = session.state, reason == .revoked || reason.isOwnDecision {
            return
        }
        session.abandon()
        // It must outlive the task of a caller who does not wait; it ends with the lease.
        Task {
            let end = ContinuousClock.now + session.ttl
            var backoff = Backoff()
            while ContinuousClock.now < end {
                do {
                    return try await client.revokeLease(session.id)
                } catch let error as EtcdError
                    where error.code == .leaseNotFound || error.endsElections
                {
                    return
                } catch {
                    try? await Task.sleep(for: Backoff.jittered(upTo: backoff.next()))
                }
            }
        }
    }
}

extension CandidateStateMachine.Phase {
    var isOver: Bool {
        if case .over = self { true } else { false }
    }
}

extension EtcdLeaseSession {
    fileprivate var isLost: Bool {
        if case .lost = self.state { true } else { false }
    }
}

extension EtcdError {
    /// Whether the same request would be refused in the same way until somebody mends something.
    var endsElections: Bool {
        switch self.code {
        case .permissionDenied, .unauthenticated, .authenticationFailed, .userNotFound, .closed,
            .certificateRejected, .tlsFailed, .notEtcd, .unsupported, .invalidArgument:
            !self.isRetryable
        default:
            false
        }
    }

    /// The candidate is not, or no longer, what its owner takes it for.
    static func notElected(_ reason: EtcdLeadership.LossReason?) -> EtcdError {
        EtcdError(
            code: .notElected,
            message: reason.map { "the candidacy is lost: \($0); campaign again" }
                ?? "the candidate has resigned"
        )
    }
}
