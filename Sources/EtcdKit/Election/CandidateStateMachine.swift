// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Decides when one candidate leads, and when it is lost.
///
/// ```
///              entered, somebody ahead        nobody ahead any more
///   entering ───────────────────────▶ waiting ─────────────────────▶ leading ──resign──▶ leaving
///      │  └───── entered, nobody ahead ──┼──────────────────────────▶   │                   │
///      ▼                                 ▼                              ▼                   ▼
///      over: given up, failed      over: lost (key deleted, lease gone)              over: resigned
/// ```
///
/// Who is ahead is known once, from the transaction that made the candidate: nobody can get ahead
/// later. From then on the row only gets shorter, and that a candidate is gone stays true, as a key
/// seen again with another create revision is another candidate. So deletions and listings may come
/// in any order. Only while the transaction is under way deletions are kept, for its answer may lie
/// before them.
///
/// The watch on deletions is open before the transaction is sent. After each interruption one
/// listing closes the gap.
struct CandidateStateMachine: ~Copyable {
    /// How many deletions are kept for the answer to the transaction; if there are more, a listing
    /// tells.
    static let deletionLimit = 4096

    /// What a candidate is at the moment.
    enum Phase: Equatable {
        case entering
        case waiting(ahead: Int)
        case leading(fencingToken: EtcdRevision)
        case leaving
        case over(End)
    }

    /// How a candidacy ended.
    enum End: Equatable {
        case lost(EtcdLeadership.LossReason)
        /// By an error, which is kept elsewhere.
        case failed
        case givenUp
        case resigned(EtcdResignation)
    }

    enum Action: Equatable {
        /// Read the candidates (linearizable) and report them, or the failure after a pause.
        case list
        case none
    }

    private enum State {
        case entering(deletions: [ElectionDeletion], isComplete: Bool)
        case waiting(ElectionEntry, ahead: [EtcdBytes: EtcdRevision])
        case leading(ElectionEntry)
        case leaving
        case over(End)
    }

    private enum Listing {
        case none
        case underway
        /// Under way since before the watch was interrupted again.
        case outdated
    }

    /// The key of the candidate.
    let key: EtcdBytes
    private var state = State.entering(deletions: [], isComplete: true)
    private var listing = Listing.none
    /// True if a leader is deposed by its own clock alone: nobody else may lead before etcd has
    /// expired its lease, since what it was doing may take until then to stop.
    private(set) var mustLeaseExpire = false

    init(key: EtcdBytes) {
        self.key = key
    }

    var phase: Phase {
        switch self.state {
        case .entering: .entering
        case .waiting(_, let ahead): .waiting(ahead: ahead.count)
        case .leading(let entry): .leading(fencingToken: entry.createRevision)
        case .leaving: .leaving
        case .over(let end): .over(end)
        }
    }

    var isOver: Bool {
        if case .over = self.state { true } else { false }
    }

    // MARK: What etcd tells

    /// The transaction was answered: the candidate stands in the row.
    ///
    /// - Parameters:
    ///   - entry: The candidate as it stands in etcd.
    ///   - entries: All candidates at the revision of the answer, in any order.
    /// - Returns: What to do.
    mutating func entered(as entry: ElectionEntry, among entries: [ElectionEntry]) -> Action {
        // Given up or lost meanwhile: whoever did that removes it.
        guard case .entering(let deletions, let isComplete) = self.state else { return .none }
        var ahead: [EtcdBytes: EtcdRevision] = [:]
        for other in entries where other.createRevision < entry.createRevision {
            ahead[other.key] = other.createRevision
        }
        self.place(entry, behind: ahead)
        self.apply(deletions)
        return isComplete ? .none : self.list()
    }

    /// The watch reported deletions, in order.
    mutating func deleted(_ deletions: [ElectionDeletion]) {
        guard case .entering(let earlier, let isComplete) = self.state else {
            return self.apply(deletions)
        }
        let fits = earlier.count + deletions.count <= Self.deletionLimit
        self.state = .entering(
            deletions: fits ? earlier + deletions : [],
            isComplete: isComplete && fits
        )
    }

    /// The watch goes on after a time in which it may have missed something.
    mutating func watchWasInterrupted() -> Action {
        switch self.state {
        case .entering(let deletions, _):
            self.state = .entering(deletions: deletions, isComplete: false)
            return .none
        case .waiting, .leading:
            return self.list()
        case .leaving, .over:
            return .none
        }
    }

    /// The listing was answered.
    mutating func listed(_ entries: [ElectionEntry]) -> Action {
        let isOutdated = self.listing == .outdated
        self.listing = .none
        switch self.state {
        case .entering, .leaving, .over:
            return .none
        case .waiting(let own, _), .leading(let own):
            guard entries.contains(own) else {
                self.state = .over(.lost(.keyDeleted))
                return .none
            }
            if case .waiting(_, let ahead) = self.state {
                let present = Set(entries)
                self.place(
                    own,
                    behind: ahead.filter {
                        present.contains(ElectionEntry(key: $0.key, createRevision: $0.value))
                    }
                )
            }
            return isOutdated ? self.list() : .none
        }
    }

    /// The lease is gone or cannot be relied on any more.
    mutating func leaseEnded(_ reason: EtcdLeadership.LossReason) {
        switch self.state {
        case .leading:
            self.mustLeaseExpire = reason == .leaseExpired
            self.state = .over(.lost(reason))
        case .entering, .waiting: self.state = .over(.lost(reason))
        case .leaving, .over: break
        }
    }

    /// A request found that the key is gone.
    mutating func keyWasGone() {
        switch self.state {
        case .waiting, .leading: self.state = .over(.lost(.keyDeleted))
        case .entering, .leaving, .over: break
        }
    }

    /// etcd refuses the watch for good: who waits cannot learn when its turn comes.
    ///
    /// A leader does without; its lease is judged locally.
    ///
    /// - Returns: True if that ended the candidacy.
    mutating func watchWasRefused() -> Bool {
        switch self.state {
        case .entering, .waiting: self.state = .over(.failed)
        case .leading, .leaving, .over: return false
        }
        return true
    }

    // MARK: What the owner wants

    /// The transaction failed.
    ///
    /// - Returns: True if that ended the candidacy.
    mutating func enteringFailed() -> Bool {
        guard case .entering = self.state else { return false }
        self.state = .over(.failed)
        return true
    }

    /// The owner does not want it any more.
    ///
    /// - Returns: True if it was not over before.
    @discardableResult
    mutating func giveUp() -> Bool {
        guard !self.isOver else { return false }
        self.state = .over(.givenUp)
        return true
    }

    /// The leader resigns.
    ///
    /// - Returns: What to delete; `nil` if there is nothing to resign any more.
    mutating func resign() -> ElectionEntry? {
        guard case .leading(let entry) = self.state else { return nil }
        self.state = .leaving
        return entry
    }

    /// The deletion was confirmed, or will not be: `nil`.
    mutating func resigned(_ outcome: EtcdResignation?) {
        guard case .leaving = self.state else { return }
        self.state = .over(outcome.map(End.resigned) ?? .failed)
    }

    // MARK: Inside

    private mutating func place(_ own: ElectionEntry, behind ahead: [EtcdBytes: EtcdRevision]) {
        self.state = ahead.isEmpty ? .leading(own) : .waiting(own, ahead: ahead)
    }

    private mutating func apply(_ deletions: [ElectionDeletion]) {
        switch self.state {
        case .entering, .leaving, .over:
            return
        case .leading(let own):
            if deletions.contains(where: { $0.removes(own) }) {
                self.state = .over(.lost(.keyDeleted))
            }
        case .waiting(let own, var ahead):
            for deletion in deletions {
                if deletion.removes(own) {
                    self.state = .over(.lost(.keyDeleted))
                    return
                }
                if let created = ahead[deletion.key], created < deletion.revision {
                    ahead[deletion.key] = nil
                }
            }
            self.place(own, behind: ahead)
        }
    }

    private mutating func list() -> Action {
        switch self.listing {
        case .none:
            self.listing = .underway
            return .list
        case .underway, .outdated:
            self.listing = .outdated
            return .none
        }
    }
}
