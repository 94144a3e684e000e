// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// Decides which of this object's tickets hold the lock, wait or are lost.
///
/// ```
///            join            entered, somebody ahead          nobody ahead any more
///  (none) ──────► entering ──────────────────────► waiting ──────────────────────────► held
///                    │                                │                                  │
///                    └── entered, nobody ahead ───────┼─────────────► held               │
///                                                     ▼                                  ▼
///                                    lost: own ticket deleted, lease gone            leave, lost
/// ```
///
/// What it knows comes from three sources that are not ordered among each other: answers to
/// enqueueing transactions, listings, and the watch on deletions. Each is a fact about a revision,
/// so they are put together by revision and not by arrival (``QueueView``, ``DeletionLog``).
///
/// A ticket is *covered* while the watch would report its own deletion: the ticket was seen at a
/// revision that lies behind the beginning of the watch. A waiting ticket gets the lock only while
/// it is covered. Whatever happens to the watch therefore costs at most one listing, and never
/// gives the lock to a ticket that does not exist any more.
struct LockQueueStateMachine: ~Copyable {
    typealias TicketID = Int
    typealias ListingID = Int

    /// From this length on a transaction lists only what is not in the view already.
    static let defaultPartialListingThreshold = 32

    private enum Watch {
        /// No watch, and nobody opens one.
        case none
        /// A watch was asked for and is not acknowledged.
        case opening
        /// Acknowledged.
        ///
        /// Requests that are sent from now on are answered at a revision behind its beginning;
        /// `floor` is the first of those answers.
        case live(floor: EtcdRevision?)
    }

    private struct Ticket {
        enum Phase {
            /// The transaction is under way.
            ///
            /// `coverage` is the watch that was live when it was sent, `isPartial` says that it
            /// lists only what is not in the view.
            case entering(coverage: Int?, isPartial: Bool)
            case waiting(EtcdRevision)
            case held(EtcdRevision)
        }

        var key: EtcdBytes
        var lease: EtcdLeaseID
        var phase: Phase
        var coverage: Int?

        var createRevision: EtcdRevision? {
            switch self.phase {
            case .entering: nil
            case .waiting(let revision), .held(let revision): revision
            }
        }
    }

    /// What to do.
    ///
    /// Grants and losses come in the order in which they were decided.
    enum Action: Equatable {
        /// Open the watch and report the outcome.
        case openWatch
        /// Read the queue (linearizable) and report the outcome under this number.
        case list(ListingID)
        /// The ticket holds the lock.
        case grant(TicketID, fencingToken: EtcdRevision)
        /// The ticket is gone although its owner did not give it up.
        case lose(TicketID, RollingLockLossReason)
    }

    private var watch: Watch = .none
    /// Counts the watches and their resumptions: deletions are gapless within one.
    private var epoch = 0
    private var tickets: [TicketID: Ticket] = [:]
    private var ticketIDs: [EtcdBytes: TicketID] = [:]
    private var view = QueueView()
    private var log = DeletionLog()
    /// The listing that is under way, and the epoch in which it was asked for.
    private var listing: (id: ListingID, epoch: Int)?
    private var listingCount = 0

    private let partialListingThreshold: Int

    /// Makes a machine that knows nothing yet.
    ///
    /// - Parameter partialListingThreshold: The length of the queue from which on transactions list
    ///   only what is new: a whole listing tells more, and costs more.
    init(partialListingThreshold: Int = Self.defaultPartialListingThreshold) {
        self.partialListingThreshold = partialListingThreshold
    }

    /// True if no ticket is left.
    var isIdle: Bool { self.tickets.isEmpty }

    /// The tickets ahead of one that waits, in order.
    func ahead(of id: TicketID) -> [EtcdBytes] {
        guard let ticket = self.tickets[id], case .waiting(let revision) = ticket.phase else {
            return []
        }
        let entry = QueueEntry(key: ticket.key, createRevision: revision)
        return self.view.ahead(of: entry).map(\.key)
    }

    // MARK: Tickets

    /// A ticket is about to be sent.
    ///
    /// - Parameters:
    ///   - id: The number under which the ticket is known here.
    ///   - key: Its key.
    ///   - lease: Its lease.
    /// - Returns: The transaction is to list the tickets created at this revision or later.
    mutating func join(_ id: TicketID, key: EtcdBytes, lease: EtcdLeaseID) -> EtcdRevision {
        let isLong = self.view.entries.count >= self.partialListingThreshold
        let complete = self.coverage != nil && isLong ? self.view.completeThrough : nil
        self.tickets[id] = Ticket(
            key: key,
            lease: lease,
            phase: .entering(coverage: self.coverage, isPartial: complete != nil)
        )
        self.ticketIDs[key] = id
        self.log.begin(id)
        return complete?.next ?? 0
    }

    /// The transaction was answered: the ticket stands in the queue.
    ///
    /// - Parameters:
    ///   - id: The ticket.
    ///   - entry: The ticket as it stands in etcd.
    ///   - revision: The revision of the answer.
    ///   - listing: What the transaction listed in order, the ticket itself included.
    /// - Returns: What to do.
    mutating func entered(
        _ id: TicketID,
        as entry: QueueEntry,
        at revision: EtcdRevision,
        listing: [QueueEntry]
    ) -> [Action] {
        defer { self.log.end(id) }
        let isOfAnEarlierStore = self.log.isBefore(id, revision)
        if isOfAnEarlierStore { self.storeWentBack() }
        self.log.saw(revision)
        // The ticket was given up or lost meanwhile; whoever did that removes it.
        guard let ticket = self.tickets[id],
            case .entering(let sentIn, let isPartial) = ticket.phase
        else { return [] }
        self.tickets[id]?.phase = .waiting(entry.createRevision)
        self.learn(listing, isPartial: isPartial, sentIn: sentIn, at: revision)

        var actions: [Action] = []
        if self.log.removes(entry) {
            self.leave(id)
            actions.append(.lose(id, .ticketDeleted))
        } else if !isOfAnEarlierStore, !isPartial, listing.first == entry {
            // Exact at the revision of the answer, and nobody can get ahead later.
            self.tickets[id]?.phase = .held(entry.createRevision)
            actions.append(.grant(id, fencingToken: entry.createRevision))
        }
        return actions + self.settle()
    }

    /// The ticket took the lock in one step, because the queue was empty.
    mutating func took(_ id: TicketID, as entry: QueueEntry) -> [Action] {
        if case .entering(let sentIn, _) = self.tickets[id]?.phase {
            self.tickets[id]?.phase = .entering(coverage: sentIn, isPartial: false)
        }
        return self.entered(id, as: entry, at: entry.createRevision, listing: [entry])
    }

    /// A ticket that held the lock before this object knew it was taken over.
    ///
    /// It holds whoever else stands in the queue: it was its turn before.
    mutating func adopted(
        _ id: TicketID,
        as entry: QueueEntry,
        at revision: EtcdRevision
    ) -> [Action] {
        defer { self.log.end(id) }
        if self.log.isBefore(id, revision) { self.storeWentBack() }
        self.log.saw(revision)
        guard let ticket = self.tickets[id], case .entering = ticket.phase else { return [] }
        if self.log.removes(entry) {
            self.leave(id)
            return [.lose(id, .ticketDeleted)] + self.settle()
        }
        self.tickets[id]?.phase = .held(entry.createRevision)
        return [.grant(id, fencingToken: entry.createRevision)] + self.settle()
    }

    /// A ticket has held the lock for a while: it needs the watch to learn of its own deletion.
    ///
    /// Short holds do without, which spares an uncontended lock the news of its own releases.
    mutating func heldForAWhile() -> [Action] {
        !self.tickets.isEmpty && self.beginWatchIfNeeded() ? [.openWatch] : []
    }

    /// The owner of a ticket gives it up, whatever state it is in.
    ///
    /// - Returns: True if the ticket was still there.
    @discardableResult
    mutating func leave(_ id: TicketID) -> Bool {
        guard let ticket = self.tickets.removeValue(forKey: id) else { return false }
        self.ticketIDs[ticket.key] = nil
        self.log.end(id)
        return true
    }

    /// A lease is gone or cannot be trusted any more, and all its tickets with it.
    mutating func leaseEnded(_ lease: EtcdLeaseID, _ reason: RollingLockLossReason) -> [Action] {
        let lost = self.tickets.filter { $0.value.lease == lease }.keys.sorted()
        for id in lost { self.leave(id) }
        return lost.map { .lose($0, reason) }
    }

    // MARK: The watch

    /// The watch is acknowledged, beginning at "now".
    mutating func watchOpened() -> [Action] {
        self.beginEpoch()
        self.watch = .live(floor: nil)
        return self.listIfNeeded()
    }

    /// The watch was interrupted and goes on.
    mutating func watchResumed() -> [Action] {
        switch self.watch {
        case .none, .opening:
            // It was closed meanwhile: legal to ignore.
            return []
        case .live:
            self.watch = .live(floor: nil)
            self.beginEpoch()
            return self.listIfNeeded()
        }
    }

    enum WatchEndedAction: Equatable {
        /// Open the watch again, after a pause, and report the outcome.
        case open
        case none
    }

    /// The watch could not be opened, or ended; deletions may be missed.
    mutating func watchEnded() -> WatchEndedAction {
        self.beginEpoch()
        self.watch = .none
        if self.tickets.isEmpty { self.view.removeAll() }
        return !self.tickets.isEmpty && self.beginWatchIfNeeded() ? .open : .none
    }

    /// The deletions of one batch, in order.
    ///
    /// All of them happened before the decision.
    mutating func deleted(_ deletions: [QueueDeletion]) -> [Action] {
        var actions: [Action] = []
        for deletion in deletions {
            self.log.append(deletion)
            self.view.apply(deletion)
            // A ticket whose transaction is under way is compared when its answer arrives.
            guard let id = self.ticketIDs[deletion.key],
                let created = self.tickets[id]?.createRevision, created < deletion.revision
            else { continue }
            self.leave(id)
            actions.append(.lose(id, .ticketDeleted))
        }
        return actions + self.grantFirst()
    }

    // MARK: Listings

    /// The listing was answered.
    mutating func listed(
        _ id: ListingID,
        at revision: EtcdRevision,
        listing entries: [QueueEntry]
    ) -> [Action] {
        guard let listing = self.listing, listing.id == id else { return [] }
        defer { self.log.end(-id) }
        self.listing = nil
        if self.log.isBefore(-id, revision) { self.storeWentBack() }
        self.log.saw(revision)
        guard self.coverage == listing.epoch else { return self.listIfNeeded() }
        self.learn(entries, isPartial: false, sentIn: listing.epoch, at: revision)
        return self.settle()
    }

    /// The listing failed, and a pause was made; asks again if it is still needed.
    mutating func listingFailed(_ id: ListingID) -> [Action] {
        guard let listing = self.listing, listing.id == id else { return [] }
        self.listing = nil
        self.log.end(-id)
        return self.listIfNeeded()
    }

    // MARK: Inside

    /// The epoch of the watch if it is live.
    private var coverage: Int? {
        switch self.watch {
        case .none, .opening: nil
        case .live: self.epoch
        }
    }

    /// Puts what an answer lists together with what is known.
    private mutating func learn(
        _ listing: [QueueEntry],
        isPartial: Bool,
        sentIn: Int?,
        at revision: EtcdRevision
    ) {
        defer { self.log.apply(to: &self.view) }
        let complete = self.coverage == nil ? nil : self.view.completeThrough
        switch self.watch {
        case .none, .opening:
            self.view.insert(listing)
        case .live(let floor):
            if let complete, revision <= complete {
                // It has nothing to add, and what it lists may have been deleted since.
                return
            }
            if sentIn == self.epoch || floor.map({ $0 <= revision }) ?? false {
                self.watch = .live(floor: min(revision, floor ?? revision))
                if !isPartial {
                    self.view.replace(with: listing, at: revision)
                } else if complete != nil {
                    self.view.extend(with: listing, at: revision)
                } else {
                    // Only a part of the queue, and no whole one to add it to: a listing follows.
                    self.view.insert(listing)
                }
            } else {
                self.view.insert(listing)
            }
        }
    }

    /// What follows from an answer, in this order.
    private mutating func settle() -> [Action] {
        self.confirmTickets() + self.grantFirst() + self.watchIfNeeded() + self.listIfNeeded()
    }

    private mutating func beginEpoch() {
        self.epoch += 1
        self.view.becomeStale()
    }

    /// The store is in an earlier state than it was: nothing that was seen of it counts any more, and
    /// which of the tickets it has must be found out.
    private mutating func storeWentBack() {
        self.log.forget()
        self.view.removeAll()
        self.beginEpoch()
        if case .live = self.watch { self.watch = .live(floor: nil) }
    }

    /// Whoever has to wait needs the watch.
    private mutating func watchIfNeeded() -> [Action] {
        let somebodyWaits = self.tickets.values.contains {
            if case .waiting = $0.phase { true } else { false }
        }
        return somebodyWaits && self.beginWatchIfNeeded() ? [.openWatch] : []
    }

    private mutating func beginWatchIfNeeded() -> Bool {
        switch self.watch {
        case .none:
            self.watch = .opening
            return true
        case .opening, .live:
            return false
        }
    }

    /// Once the view is complete it shows which tickets exist and which are gone.
    private mutating func confirmTickets() -> [Action] {
        guard let epoch = self.coverage, self.view.completeThrough != nil else { return [] }
        var lost: [TicketID] = []
        for (id, ticket) in self.tickets where ticket.coverage != epoch {
            guard let created = ticket.createRevision else { continue }
            if self.view.contains(QueueEntry(key: ticket.key, createRevision: created)) {
                self.tickets[id]?.coverage = epoch
            } else {
                lost.append(id)
            }
        }
        for id in lost { self.leave(id) }
        return lost.sorted().map { .lose($0, .ticketDeleted) }
    }

    /// Gives the lock to the first ticket of the queue if it is one of ours.
    private mutating func grantFirst() -> [Action] {
        guard let first = self.view.entries.first, let id = self.ticketIDs[first.key],
            let ticket = self.tickets[id], case .waiting(first.createRevision) = ticket.phase,
            ticket.coverage == self.coverage, ticket.coverage != nil
        else { return [] }
        self.tickets[id]?.phase = .held(first.createRevision)
        return [.grant(id, fencingToken: first.createRevision)]
    }

    /// One listing for all tickets that stand in the queue without being covered.
    private mutating func listIfNeeded() -> [Action] {
        guard let epoch = self.coverage else { return [] }
        let isNeeded = self.tickets.values.contains {
            $0.createRevision != nil && $0.coverage != epoch
        }
        guard isNeeded, self.listing?.epoch != epoch else { return [] }
        if let outdated = self.listing { self.log.end(-outdated.id) }
        self.listingCount += 1
        self.listing = (self.listingCount, epoch)
        self.log.begin(-self.listingCount)
        return [.list(self.listingCount)]
    }
}
