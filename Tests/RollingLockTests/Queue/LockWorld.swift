// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

@testable import RollingLock

/// A lock as etcd would keep it, with all that decides who is granted it, and one machine that
/// watches.
///
/// Tickets end cleanly and uncleanly, the lock is frozen and its limits change, always with the bell;
/// every message is delayed at random, those of the watch stay in order.
struct LockWorld: ~Copyable {
    /// What etcd keeps at one revision.
    struct Store {
        var entries: [QueueEntry] = []

        var view: QueueView { QueueView(self.entries.sorted(), at: EtcdRevision(.max)) }
    }

    private enum Answer {
        case entered(Int, QueueEntry, EtcdRevision, [QueueEntry])
        case listed(Int, EtcdRevision, [QueueEntry])
        case watchOpened
        case takeover([QueueEntry])
    }

    private enum Request {
        case enqueue(Int, EtcdBytes, EtcdRevision)
        case list(Int)
        case watch
        case release(QueueEntry)
        case bury([QueueEntry])
    }

    private static let classes: [TicketClass] = [
        .exclusive, .exclusive, .shared, .grouped("a"), .grouped("b"),
    ]

    private var random: SeededGenerator
    private var machine: LockQueueStateMachine
    private var revision: EtcdRevision = 1
    private var store = Store()
    /// The store at each revision.
    private var past: [EtcdRevision: Store] = [:]
    private var requests: [Request] = []
    private var answers: [Answer] = []
    /// What the watch has still to report; `nil` while there is none.
    private var reports: [QueueDeletion]?
    private var needsResumption = false
    private var count = 0
    private var own: [Int: QueueEntry] = [:]
    private var classOf: [Int: TicketClass] = [:]
    private(set) var waiting: Set<Int> = []
    private var holding: [Int: QueueEntry] = [:]
    /// Orphans whose takeover delay the machine has been told to have passed.
    private var due: Set<QueueEntry> = []
    /// Orphans that never held the lock.
    private var harmless: Set<QueueEntry> = []
    private(set) var violations: [String] = []
    private(set) var grantCount = 0
    private(set) var orphanCount = 0

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        self.machine = LockQueueStateMachine(partialListingThreshold: Int(seed % 4))
        self.past[1] = self.store
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps { self.step(Int.random(in: 0..<18, using: &self.random)) }
    }

    /// Thaws the lock, lets everything under way arrive, and every holder release.
    mutating func settle() {
        self.unfreeze()
        for _ in 0..<8000 where !self.isQuiet {
            self.step(Int.random(in: 0..<8, using: &self.random))
        }
    }

    private var isQuiet: Bool {
        self.requests.isEmpty && self.answers.isEmpty && self.holding.isEmpty
            && (self.reports ?? []).isEmpty && self.waiting.isEmpty
    }

    private mutating func step(_ choice: Int) {
        switch choice {
        case 0, 1: self.execute()
        case 2, 3, 4: self.answer()
        case 5: self.report()
        case 6: self.releaseOne()
        case 7: self.endOther(cleanly: true)
        case 8, 9, 10: self.join()
        case 11: self.addOther()
        case 12: self.endOther(cleanly: false)
        case 13: self.interrupt()
        case 14: self.freeze()
        case 15: self.unfreeze()
        case 16: self.changeLimits()
        default: self.endOwn()
        }
    }

    // MARK: What people do

    private mutating func randomClass() -> TicketClass {
        Self.classes.randomElement(using: &self.random) ?? .exclusive
    }

    private mutating func join() {
        guard self.waiting.count < 5 else { return }
        self.count += 1
        let key = EtcdBytes("own\(self.count)")
        self.classOf[self.count] = self.randomClass()
        self.waiting.insert(self.count)
        let listsFrom = self.machine.join(self.count, key: key, lease: EtcdLeaseID(1))
        self.requests.append(.enqueue(self.count, key, listsFrom))
    }

    private mutating func releaseOne() {
        let held = self.holding.sorted { $0.key < $1.key }
        guard let (id, entry) = held.randomElement(using: &self.random) else { return }
        self.holding[id] = nil
        self.machine.leave(id)
        self.requests.append(.release(entry))
    }

    /// A ticket of another process, which holds the lock or waits.
    private mutating func addOther() {
        guard self.store.view.entries.count < 8 else { return }
        self.count += 1
        self.advance()
        self.add(
            EtcdBytes("other\(self.count)"),
            self.randomClass(),
            isOurs: Bool.random(using: &self.random)
        )
        self.remember()
    }

    private mutating func endOther(cleanly: Bool) {
        let ours = Set(self.own.values)
        let others = self.store.view.entries.filter { !ours.contains($0) }
        guard let entry = others.randomElement(using: &self.random) else { return }
        self.end(entry, cleanly: cleanly)
    }

    private mutating func endOwn() {
        guard Int.random(in: 0..<4, using: &self.random) == 0,
            let entry = self.own.values.sorted().randomElement(using: &self.random),
            self.store.entries.contains(entry)
        else { return }
        self.end(entry, cleanly: false)
    }

    private mutating func interrupt() {
        guard self.reports != nil, Int.random(in: 0..<5, using: &self.random) == 0 else { return }
        if Bool.random(using: &self.random) {
            self.needsResumption = true
        } else {
            self.reports = nil
            // Its acknowledgement cannot come after its end.
            self.answers.removeAll { if case .watchOpened = $0 { true } else { false } }
            if self.machine.watchEnded() == .open { self.requests.append(.watch) }
        }
    }

    private mutating func freeze() {
        guard !self.store.view.isFrozen, Int.random(in: 0..<3, using: &self.random) == 0 else {
            return
        }
        self.advance()
        self.store.entries.append(
            QueueEntry(key: "freeze", createRevision: self.revision, kind: .freeze)
        )
        self.ring()
    }

    private mutating func unfreeze() {
        guard let freeze = self.store.entries.first(where: { $0.kind == .freeze }) else { return }
        self.advance()
        self.remove(freeze)
        self.remember()
    }

    private mutating func changeLimits() {
        guard Int.random(in: 0..<4, using: &self.random) == 0 else { return }
        let slots = Int.random(in: 1...3, using: &self.random)
        guard let limits = try? RollingLockLimits.slots(slots),
            limits != self.store.view.limits
        else { return }
        self.advance()
        for entry in self.store.entries {
            if case .limits = entry.kind { self.remove(entry) }
        }
        self.store.entries.append(
            QueueEntry(
                key: EtcdBytes("limits\(slots)"),
                createRevision: self.revision,
                kind: .limits(limits)
            )
        )
        self.ring()
    }

    // MARK: What etcd does

    private mutating func advance() {
        self.revision = self.revision.next
    }

    /// The end of a change.
    private mutating func remember() {
        self.past[self.revision] = self.store
    }

    private mutating func ring() {
        self.reports?.append(
            QueueDeletion(key: "notice", revision: self.revision, kind: .notice)
        )
        self.remember()
    }

    @discardableResult
    private mutating func add(
        _ key: EtcdBytes,
        _ ticketClass: TicketClass,
        isOurs: Bool
    ) -> QueueEntry {
        let ticket = QueueEntry(
            key: key,
            createRevision: self.revision,
            kind: .ticket(ticketClass)
        )
        if isOurs {
            self.store.entries.append(self.open(ticket))
        }
        self.store.entries.append(ticket)
        return ticket
    }

    private func open(_ ticket: QueueEntry) -> QueueEntry {
        QueueEntry(
            key: EtcdBytes("!" + (ticket.key.string ?? "")),
            createRevision: ticket.createRevision,
            kind: .open(ticket: ticket.key, ticket.ticketClass)
        )
    }

    private mutating func remove(_ entry: QueueEntry) {
        guard let index = self.store.entries.firstIndex(of: entry) else { return }
        let kind = self.store.entries.remove(at: index).kind
        self.reports?.append(QueueDeletion(key: entry.key, revision: self.revision, kind: kind))
    }

    private mutating func end(_ ticket: QueueEntry, cleanly: Bool) {
        guard self.store.entries.contains(ticket) else { return }
        if !cleanly, self.store.entries.contains(self.open(ticket)) {
            self.orphanCount += 1
            if !self.everHeld(ticket) { self.harmless.insert(ticket) }
        }
        self.advance()
        // In any order within the revision.
        if cleanly, Bool.random(using: &self.random) { self.remove(self.open(ticket)) }
        self.remove(ticket)
        if cleanly { self.remove(self.open(ticket)) }
        self.remember()
    }

    private mutating func execute() {
        guard let index = self.requests.indices.randomElement(using: &self.random) else { return }
        switch self.requests.remove(at: index) {
        case .enqueue(let id, let key, let listsFrom):
            self.advance()
            let ticket = self.add(key, self.classOf[id] ?? .exclusive, isOurs: true)
            self.remember()
            self.own[id] = ticket
            let listing = self.store.entries.filter { $0.createRevision >= listsFrom }.sorted()
            self.answers.append(.entered(id, ticket, self.revision, listing))
        case .list(let id):
            self.answers.append(.listed(id, self.revision, self.store.entries.sorted()))
        case .watch:
            self.reports = []
            self.needsResumption = false
            self.answers.append(.watchOpened)
        case .release(let ticket):
            self.end(ticket, cleanly: true)
        case .bury(let orphans):
            for orphan in orphans where !self.store.entries.contains(orphan) {
                self.advance()
                self.remove(self.open(orphan))
                self.remember()
            }
        }
    }

    // MARK: What the machine hears

    private mutating func answer() {
        guard let index = self.answers.indices.randomElement(using: &self.random) else { return }
        switch self.answers.remove(at: index) {
        case .entered(let id, let entry, let revision, let listing):
            self.perform(self.machine.entered(id, as: entry, at: revision, listing: listing))
        case .listed(let id, let revision, let listing):
            self.perform(self.machine.listed(id, at: revision, listing: listing))
        case .watchOpened:
            self.perform(self.machine.watchOpened())
        case .takeover(let orphans):
            self.due.formUnion(orphans)
            self.perform(self.machine.takeoverIsDue(orphans))
        }
    }

    private mutating func report() {
        let isAcknowledged = !self.answers.contains {
            if case .watchOpened = $0 { true } else { false }
        }
        guard let reports, isAcknowledged else { return }
        if self.needsResumption {
            self.needsResumption = false
            self.perform(self.machine.watchResumed())
        }
        guard !reports.isEmpty else { return }
        // A revision is never torn.
        let last = reports[Int.random(in: 0..<reports.count, using: &self.random)].revision
        self.reports = reports.filter { $0.revision > last }
        self.perform(self.machine.deleted(reports.filter { $0.revision <= last }))
    }

    private mutating func perform(_ actions: [LockQueueStateMachine.Action]) {
        for action in actions {
            switch action {
            case .openWatch: self.requests.append(.watch)
            case .list(let id): self.requests.append(.list(id))
            case .awaitTakeover(let orphans): self.answers.append(.takeover(orphans))
            case .bury(let orphans):
                for orphan in orphans where !self.mayBePassed(orphan) {
                    self.violations.append("\(orphan) was buried before its time")
                }
                self.requests.append(.bury(orphans))
            case .grant(let id, let token):
                self.grantCount += 1
                self.check(id, token)
                self.waiting.remove(id)
                self.holding[id] = self.own[id]
            case .lose(let id, _):
                self.waiting.remove(id)
                self.holding[id] = nil
                if let entry = self.own[id], self.store.entries.contains(entry) {
                    self.violations.append("\(id) was lost although its ticket stands")
                }
            }
        }
    }

    // MARK: What must be

    /// Whether nobody need wait for an orphan any more.
    private func mayBePassed(_ orphan: QueueEntry) -> Bool {
        self.due.contains(orphan) || self.harmless.contains(orphan)
    }

    /// Whether a ticket can have held the lock at any time, for a process that waits for no orphan.
    private func everHeld(_ ticket: QueueEntry) -> Bool {
        self.past.values.contains {
            $0.entries.contains(ticket) && $0.view.holders { _ in false }.contains(ticket)
        }
    }

    /// Whoever gets the lock must have been entitled to it at some revision at which its ticket stood.
    private mutating func check(_ id: Int, _ token: EtcdRevision) {
        guard let ticket = self.own[id], ticket.createRevision == token else {
            self.violations.append("\(id) was granted with a token that is not its own")
            return
        }
        let isEntitled = self.past.contains { revision, store in
            guard revision >= token, store.entries.contains(ticket) else { return false }
            let view = store.view
            return !view.isFrozen
                && view.holders { !self.mayBePassed($0) }.contains(ticket)
        }
        if !isEntitled { self.violations.append("\(id) was granted though it never was its turn") }
    }
}
