// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A won election.
///
/// It lasts until ``resign()``, or until it is lost. Letting go of this object without resigning
/// stops the renewals of its lease: the next candidate leads when that has expired, and a warning is
/// logged. ``EtcdElection/withLeadership(proclaiming:ttl:_:)`` has none of these questions.
///
/// It may be used from any task.
public final class EtcdLeadership: Sendable {
    /// Grows strictly from leader to leader: a resource that remembers the largest one it saw can
    /// refuse a leader that was deposed without knowing it.
    ///
    /// It is the create revision of ``key``.
    public let fencingToken: EtcdRevision

    private let candidate: Candidate

    /// How a leadership stands.
    public enum State: Sendable, Hashable {
        /// Leads; without a further renewal of the lease until then.
        case leading(until: ContinuousClock.Instant)
        /// Leads, but renewals are overdue; lost at that moment unless one succeeds.
        case suspect(until: ContinuousClock.Instant)
        /// Lost. Final.
        case lost(LossReason)
        /// Given up by ``EtcdLeadership/resign()``. Final.
        case resigned
    }

    init(candidate: Candidate, fencingToken: EtcdRevision) {
        self.candidate = candidate
        self.fencingToken = fencingToken
    }

    deinit {
        self.candidate.abandon()
    }

    /// The candidate's key.
    public var key: EtcdBytes {
        self.candidate.key
    }

    /// The lease that the key depends on.
    public var leaseID: EtcdLeaseID {
        self.candidate.session.id
    }

    /// Holds while this candidate leads: for transactions that nobody but the leader may make.
    ///
    /// ```swift
    /// try await client.commit(
    ///     EtcdTransaction(when: [leadership.condition], then: [.put("plan", plan)]))
    /// ```
    ///
    /// It is exact at the revision of the transaction, unlike ``isLeading``.
    public var condition: EtcdCompare {
        .createRevision(of: self.key, .equal, self.fencingToken)
    }

    /// How the leadership stands now, computed from the clock.
    public var state: State {
        switch self.candidate.phase {
        case .over(.lost(let reason)): return .lost(reason)
        case .leaving, .over: return .resigned
        case .entering, .waiting, .leading: break
        }
        switch self.candidate.session.state {
        case .live(let until): return .leading(until: until)
        case .suspect(let until): return .suspect(until: until)
        case .lost(let reason): return .lost(LossReason(reason))
        }
    }

    /// Why it is lost, as far as the candidate has been told.
    var lossReason: LossReason? {
        self.candidate.lossReason
    }

    /// True while the leadership can be relied on, computed from the clock.
    public var isLeading: Bool {
        switch self.state {
        case .leading, .suspect: true
        case .lost, .resigned: false
        }
    }

    /// The moment at which the leadership is lost unless its lease is renewed before.
    ///
    /// It lies before the moment at which the server can expire the lease.
    public var deadline: ContinuousClock.Instant {
        self.candidate.session.deadline
    }

    /// Waits until the leadership is lost.
    ///
    /// - Returns: Why it was lost; `nil` if it was resigned.
    /// - Throws: `CancellationError` if the task was cancelled.
    public func waitUntilLost() async throws -> LossReason? {
        var phase: Candidate.Phase?
        while true {
            phase = try await self.candidate.phase(after: phase)
            switch phase {
            case .over(.lost(let reason)): return reason
            case .leaving, .over: return nil
            case .entering, .waiting, .leading, nil: continue
            }
        }
    }

    /// Proclaims another value.
    ///
    /// It is written only if this candidate still leads. Observers see the values in the order in
    /// which the calls return; of calls at the same time the last one counts.
    ///
    /// - Parameter value: The value; it may be empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/notElected`` if the leadership is lost or resigned,
    ///   ``EtcdError/Code/ambiguous`` if the value may or may not have been written (proclaim it
    ///   again, that does no harm); `CancellationError` if the task was cancelled.
    public func proclaim(_ value: some EtcdBytesConvertible) async throws {
        try await self.candidate.proclaim(value.etcdBytes)
    }

    /// Gives the leadership up: the next candidate leads at once.
    ///
    /// Only this very candidate is deleted, never another one. May be called again, with the same
    /// outcome. Repeated until etcd has confirmed or the lease is gone.
    ///
    /// - Returns: What became of the candidate.
    /// - Throws: ``EtcdError`` when etcd refuses it or cannot be reached until the lease is gone.
    ///   `CancellationError` if the task was cancelled; the resignation then goes on in the
    ///   background.
    @discardableResult
    public func resign() async throws -> EtcdResignation {
        try await self.candidate.resign()
    }
}

/// What became of a candidate whose owner resigned.
public enum EtcdResignation: Sendable, Hashable {
    /// It was deleted.
    case resigned
    /// It was gone before: the leadership had been lost.
    case alreadyGone
    /// Its key exists, but somebody else made it again; it was left alone.
    case notMine
}
