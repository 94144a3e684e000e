// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Synchronization

/// Which cluster a client talks to, and how far the client has seen its store come.
///
/// Thread-safe, without a lock: what each answer is compared with is three relaxed loads. The first
/// cluster that answers is the client's; another one is refused until ``forget()``.
///
/// The revision only grows, and an answer that is up to date with everything acknowledged before it was
/// asked for has at least the one seen before. If it has not, the store was taken back to an earlier
/// state: restored from a backup, perhaps with the same cluster ID, which is made of the members' URLs
/// and the cluster's token only.
///
/// The raft term proves nothing of that kind. It is the member's own, and one that is cut off and
/// campaigns in vain counts it up beyond that of all others.
final class ClusterIdentity: Sendable {
    /// How far a store has come.
    struct Position: Equatable {
        var revision: Int64 = 0
        /// Which store it was, see ``storeEpoch``.
        var epoch = 0
    }

    private let cluster = Atomic<UInt64>(0)
    private let revision = Atomic<Int64>(0)
    private let term = Atomic<UInt64>(0)
    private let epoch = Atomic<Int>(0)

    /// The client's cluster; nil before the first answer.
    var clusterID: UInt64? {
        let id = self.cluster.load(ordering: .relaxed)
        return id == 0 ? nil : id
    }

    /// The highest revision that an answer has told of.
    var position: Position {
        // In this order: a revision of the store before must not pass for one of this store.
        let epoch = self.storeEpoch
        return Position(revision: self.revision.load(ordering: .relaxed), epoch: epoch)
    }

    /// The highest raft term that an answer has told of; good for a guess at most.
    var highestTerm: UInt64 {
        self.term.load(ordering: .relaxed)
    }

    /// Counts the times that the store became another one; what was read in an earlier epoch says
    /// nothing about this one.
    var storeEpoch: Int {
        self.epoch.load(ordering: .acquiring)
    }

    /// Whether an answer is of the client's cluster; the first one decides which that is.
    ///
    /// An answer that does not say counts as one of it. One to a question from before ``forget()``
    /// decides nothing.
    ///
    /// - Parameters:
    ///   - id: the cluster that the answer names.
    ///   - epoch: ``storeEpoch`` as it was when the connection or stream was opened that brings the
    ///     answer; nil: the caller has made sure that it is the present one.
    /// - Returns: the verdict.
    func accepts(cluster id: UInt64, epoch: Int? = nil) -> Bool {
        let known = self.cluster.load(ordering: .acquiring)
        if known == id || id == 0 { return true }
        guard known == 0 else { return false }
        if let epoch, epoch != self.storeEpoch { return false }
        let (isFirst, winner) = self.cluster.compareExchange(
            expected: 0,
            desired: id,
            ordering: .relaxed
        )
        if isFirst, let epoch, epoch != self.storeEpoch {
            // Forgotten at this very moment. Whoever came in between asks again.
            _ = self.cluster.compareExchange(expected: id, desired: 0, ordering: .relaxed)
            return false
        }
        return isFirst || winner == id
    }

    /// An answer of the client's cluster told of a revision and a term.
    func saw(revision: Int64, term: UInt64) {
        if revision > self.revision.load(ordering: .relaxed) {
            self.revision.max(revision, ordering: .relaxed)
        }
        if term > self.highestTerm { self.term.max(term, ordering: .relaxed) }
    }

    /// Whether an answer that must be up to date lies before what had been seen when it was asked for.
    func isBehind(_ header: ResponseHeader, _ before: Position) -> Bool {
        header.revision < before.revision && before.epoch == self.storeEpoch
    }

    /// The store was taken back: what was seen of it before counts no more.
    ///
    /// - Parameters:
    ///   - header: the answer that proves it.
    ///   - before: what had been seen when it was asked for.
    /// - Returns: false when that is known already.
    func storeWentBack(to header: ResponseHeader, from before: Position) -> Bool {
        let seen = self.position
        // Whoever came first has lowered what was seen.
        guard seen.epoch == before.epoch, seen.revision >= before.revision else { return false }
        let (isFirst, _) = self.revision.compareExchange(
            expected: seen.revision,
            desired: header.revision,
            ordering: .relaxed
        )
        guard isFirst else { return false }
        self.term.store(header.raftTerm, ordering: .relaxed)
        self.epoch.wrappingAdd(1, ordering: .releasing)
        return true
    }

    /// The next cluster that answers is the client's, whichever it is.
    func forget() {
        self.revision.store(0, ordering: .relaxed)
        self.term.store(0, ordering: .relaxed)
        // Before the ID: an answer of the old cluster that comes now is known by its epoch.
        self.epoch.wrappingAdd(1, ordering: .releasing)
        self.cluster.store(0, ordering: .releasing)
    }
}
