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
///
/// The watch does not report what is created. A ticket is created at the end of the queue, where it
/// changes nothing for the others; whatever else is created that decides (freeze, limits) comes with
/// the deletion of a key, the *bell*, after which nobody is granted the lock before a listing.
///
/// A ticket that goes without a clean end is an *orphan* as long as its `open` key is there. It
/// counts as a holder until the takeover delay has passed and a listing has been answered.
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
        /// These tickets came to an unclean end; report when the takeover delay has passed.
        case awaitTakeover([QueueEntry])
        /// Delete the `open` keys of these tickets, which nobody waits for any more.
        case bury([QueueEntry])
    }

    /// Why a ticket waits although nobody alive is before it.
    enum Obstacle: Equatable {
        case freeze
        case orphan(EtcdBytes)
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
    /// Nobody is granted the lock by what was known before this revision.
    private var bell: EtcdRevision = 0
    private var takeovers: Takeovers

    private let partialListingThreshold: Int

    /// Makes a machine that knows nothing yet.
    ///
    /// - Parameters:
    ///   - partialListingThreshold: The length of the queue from which on transactions list only what
    ///     is new: a whole listing tells more, and costs more.
    ///   - awaitsTakeovers: False if an orphan never counts.
    init(
        partialListingThreshold: Int = Self.defaultPartialListingThreshold,
        awaitsTakeovers: Bool = true
    ) {
        self.partialListingThreshold = partialListingThreshold
        self.takeovers = Takeovers(areAwaited: awaitsTakeovers)
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

    /// What keeps a ticket waiting, if it is not another ticket.
    func obstacle(for id: TicketID) -> Obstacle? {
        guard let ticket = self.tickets[id], case .waiting = ticket.phase else { return nil }
        if self.view.isFrozen { return .freeze }
        guard self.ahead(of: id).isEmpty, let created = ticket.createRevision else { return nil }
        let orphan = self.view.orphans.first {
            $0.createRevision < created && self.takeovers.counts($0)
        }
        return orphan.map { .orphan($0.key) }
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
        } else if !isOfAnEarlierStore, !isPartial, self.isAdmitted(entry, in: listing, at: revision)
        {
            // Exact at the revision of the answer, and nobody can get ahead later.
            actions += self.grant(id, entry.createRevision)
        }
        return actions + self.settle()
    }

    /// The ticket took the lock in one step, because the queue was empty.
    mutating func took(
        _ id: TicketID,
        as entry: QueueEntry,
        listing: [QueueEntry]
    ) -> [Action] {
        if case .entering(let sentIn, _) = self.tickets[id]?.phase {
            self.tickets[id]?.phase = .entering(coverage: sentIn, isPartial: false)
        }
        return self.entered(id, as: entry, at: entry.createRevision, listing: listing)
    }

    /// Whether a new ticket would hold the lock at once, by a listing of the whole queue.
    func wouldAdmit(_ ticketClass: TicketClass, listing: [QueueEntry]) -> Bool {
        let end = QueueEntry(
            key: "",
            createRevision: EtcdRevision(.max),
            kind: .ticket(ticketClass)
        )
        return self.isAdmitted(end, in: listing + [end], at: EtcdRevision(.max))
    }

    /// Whether nothing but unclean ends keep a new ticket from the lock, by a listing of the whole
    /// queue.
    func onlyAwaitsTakeovers(listing: [QueueEntry]) -> Bool {
        let view = QueueView(listing, at: EtcdRevision(.max))
        return !view.isFrozen && view.entries.isEmpty
            && view.orphans.contains(where: self.takeovers.counts)
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
    /// All of them happened before the decision, and all of a revision are in one batch.
    mutating func deleted(_ deletions: [QueueDeletion]) -> [Action] {
        var actions: [Action] = []
        var rest = deletions[...]
        while let revision = rest.first?.revision {
            let atOnce = rest.prefix { $0.revision == revision }
            rest = rest.dropFirst(atOnce.count)
            actions += self.deleted(atOnce)
        }
        return actions + self.settle()
    }

    /// The deletions of one revision.
    private mutating func deleted(_ deletions: ArraySlice<QueueDeletion>) -> [Action] {
        // Whoever stood behind this one cannot have held the lock: other processes may be done with
        // waiting for an orphan sooner.
        let reach = self.isExact ? self.view.firstWaiter { _ in false } : nil
        let limitsSince = self.view.limitsSince
        var removed: [QueueEntry] = []
        var actions: [Action] = []
        for deletion in deletions {
            self.log.append(deletion)
            switch deletion.kind {
            case .notice, .limits: self.bell = max(self.bell, deletion.revision)
            case .ticket, .open, .freeze: break
            }
            if let ticket = self.view.apply(deletion) { removed.append(ticket) }
            // A ticket whose transaction is under way is compared when its answer arrives.
            guard let id = self.ticketIDs[deletion.key],
                let created = self.tickets[id]?.createRevision, created < deletion.revision
            else { continue }
            self.leave(id)
            actions.append(.lose(id, .ticketDeleted))
        }
        for ticket in removed where self.view.noteIfOrphaned(ticket) {
            guard let reach, reach <= ticket, ticket.createRevision > limitsSince else { continue }
            self.takeovers.excuse(ticket)
        }
        return actions
    }

    // MARK: Takeovers

    /// The takeover delay of these orphans has passed.
    mutating func takeoverIsDue(_ orphans: [QueueEntry]) -> [Action] {
        self.takeovers.areDue(orphans, from: self.listingCount + 1)
        return self.settle()
    }

    /// Begins to wait for what has become an orphan, and forgets what is none any more.
    private mutating func followOrphans() -> [Action] {
        let new = self.takeovers.follow(self.view.orphans)
        return new.isEmpty ? [] : [.awaitTakeover(new)]
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
        self.takeovers.listed(id)
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
        self.followOrphans() + self.confirmTickets() + self.grantAdmitted() + self.watchIfNeeded()
            + self.listIfNeeded()
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
        self.bell = 0
        self.takeovers.forgetAll()
        self.beginEpoch()
        if case .live = self.watch { self.watch = .live(floor: nil) }
    }

    /// Whoever has to wait needs the watch.
    private mutating func watchIfNeeded() -> [Action] {
        self.somebodyWaits && self.beginWatchIfNeeded() ? [.openWatch] : []
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

    /// True if the view tells exactly who holds the lock, at the latest revision that is known.
    private var isExact: Bool {
        guard self.coverage != nil, let complete = self.view.completeThrough else { return false }
        return complete >= self.bell
    }

    /// Gives the lock to those of our tickets whose turn it is.
    private mutating func grantAdmitted() -> [Action] {
        guard let epoch = self.coverage, self.isExact, !self.view.isFrozen else { return [] }
        var granted: [(TicketID, EtcdRevision)] = []
        for entry in self.view.holders(counting: self.takeovers.counts) {
            guard let id = self.ticketIDs[entry.key], let ticket = self.tickets[id],
                case .waiting(entry.createRevision) = ticket.phase, ticket.coverage == epoch
            else { continue }
            granted.append((id, entry.createRevision))
        }
        var actions: [Action] = []
        for (id, token) in granted { actions += self.grant(id, token) }
        return actions
    }

    private mutating func grant(_ id: TicketID, _ token: EtcdRevision) -> [Action] {
        self.tickets[id]?.phase = .held(token)
        let passed = self.view.orphans.lazy.filter { $0.createRevision < token }
        let buried = self.takeovers.bury(passed)
        return [.grant(id, fencingToken: token)] + (buried.isEmpty ? [] : [.bury(buried)])
    }

    /// Whether a ticket holds the lock by a listing of the whole queue.
    private func isAdmitted(
        _ entry: QueueEntry,
        in listing: [QueueEntry],
        at revision: EtcdRevision
    ) -> Bool {
        let view = QueueView(listing, at: revision)
        guard !view.isFrozen else { return false }
        return view.holders(counting: self.takeovers.counts).contains(entry)
    }

    /// One listing for all that cannot be decided without.
    private mutating func listIfNeeded() -> [Action] {
        guard let epoch = self.coverage, self.listing?.epoch != epoch else { return [] }
        let isUncovered = self.tickets.values.contains {
            $0.createRevision != nil && $0.coverage != epoch
        }
        guard isUncovered || self.somebodyWaits && (!self.isExact || self.takeovers.needListing)
        else {
            return []
        }
        if let outdated = self.listing { self.log.end(-outdated.id) }
        self.listingCount += 1
        self.listing = (self.listingCount, epoch)
        self.log.begin(-self.listingCount)
        return [.list(self.listingCount)]
    }

    private var somebodyWaits: Bool {
        self.tickets.values.contains { if case .waiting = $0.phase { true } else { false } }
    }
}
