// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

@testable import RollingLock

/// A queue as etcd would keep it, one machine that watches it, and foreign tickets that come and
/// go.
///
/// Every message to the machine is delayed at random; those of the watch stay in order.
struct QueueWorld: ~Copyable {
    private enum Answer {
        case entered(Int, QueueEntry, EtcdRevision, [QueueEntry])
        case listed(Int, EtcdRevision, [QueueEntry])
        case watchOpened
    }

    private enum Request {
        case enqueue(Int, EtcdBytes, EtcdRevision)
        case list(Int)
        case watch
        case delete(QueueEntry, isRelease: Bool)
    }

    private var random: SeededGenerator
    private var machine: LockQueueStateMachine
    private var revision: EtcdRevision = 1
    private var queue: [QueueEntry] = []
    /// All tickets that ever were deleted, and at which revision.
    private var history: [(entry: QueueEntry, deletedAt: EtcdRevision)] = []

    private var requests: [Request] = []
    private var answers: [Answer] = []
    /// What the watch has still to report; `nil` while there is none.
    private var reports: [QueueDeletion]?
    private var needsResumption = false

    private var count = 0
    private var spareKeys: [EtcdBytes] = []
    private var keys: [Int: EtcdBytes] = [:]
    private(set) var waiting: Set<Int> = []
    private var holding: [Int: QueueEntry] = [:]
    private(set) var violations: [String] = []
    private(set) var grantCount = 0

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        // Short queues are enough to try listings of both kinds.
        self.machine = LockQueueStateMachine(partialListingThreshold: Int(seed % 4))
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps { self.step(isSettling: false) }
    }

    /// Lets everything under way arrive, and every holder release.
    mutating func settle() {
        for _ in 0..<5000 where !self.isQuiet { self.step(isSettling: true) }
    }

    private var isQuiet: Bool {
        self.requests.isEmpty && self.answers.isEmpty && self.holding.isEmpty
            && (self.reports ?? []).isEmpty && self.queue.isEmpty
    }

    private mutating func step(isSettling: Bool) {
        switch Int.random(in: 0..<(isSettling ? 7 : 12), using: &self.random) {
        case 0, 1: self.execute()
        case 2, 3: self.answer()
        case 4: self.report()
        case 5: self.releaseOne()
        case 6: self.deleteForeign()
        case 7: self.join()
        case 8: self.addForeign()
        case 9: self.interrupt()
        case 10 where Bool.random(using: &self.random):
            self.perform(self.machine.heldForAWhile())
        case 10: self.deleteAny()
        default: self.giveUpOne()
        }
    }

    // MARK: What people do

    private mutating func join() {
        guard self.waiting.count < 6 else { return }
        self.count += 1
        let key = self.spareKeys.popLast() ?? EtcdBytes("own\(self.count)")
        self.keys[self.count] = key
        self.waiting.insert(self.count)
        let listsFrom = self.machine.join(self.count, key: key, lease: EtcdLeaseID(1))
        self.requests.append(.enqueue(self.count, key, listsFrom))
    }

    private mutating func giveUpOne() {
        guard let id = self.waiting.sorted().randomElement(using: &self.random),
            let key = self.keys[id],
            let entry = self.queue.first(where: { $0.key == key })
        else { return }
        self.waiting.remove(id)
        self.machine.leave(id)
        self.requests.append(.delete(entry, isRelease: false))
    }

    private mutating func releaseOne() {
        let held = self.holding.sorted { $0.key < $1.key }
        guard let (id, entry) = held.randomElement(using: &self.random) else { return }
        self.holding[id] = nil
        self.machine.leave(id)
        self.requests.append(.delete(entry, isRelease: true))
    }

    private mutating func addForeign() {
        // A small choice of names, so that names come again.
        let key = EtcdBytes("foreign\(Int.random(in: 0..<4, using: &self.random))")
        guard !self.queue.contains(where: { $0.key == key }) else { return }
        self.revision = self.revision.next
        self.queue.append(QueueEntry(key: key, createRevision: self.revision))
    }

    private mutating func deleteForeign() {
        let foreign = self.queue.filter { !self.keys.values.contains($0.key) }
        guard let entry = foreign.randomElement(using: &self.random) else { return }
        self.delete(entry)
    }

    private mutating func deleteAny() {
        guard Int.random(in: 0..<5, using: &self.random) == 0,
            let entry = self.queue.randomElement(using: &self.random)
        else { return }
        self.delete(entry)
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

    // MARK: What etcd does

    private mutating func delete(_ entry: QueueEntry) {
        guard let index = self.queue.firstIndex(of: entry) else { return }
        self.queue.remove(at: index)
        self.revision = self.revision.next
        self.history.append((entry, self.revision))
        self.reports?.append(QueueDeletion(key: entry.key, revision: self.revision))
    }

    private mutating func execute() {
        guard let index = self.requests.indices.randomElement(using: &self.random) else { return }
        switch self.requests.remove(at: index) {
        case .enqueue(let id, let key, let listsFrom):
            self.revision = self.revision.next
            let entry = QueueEntry(key: key, createRevision: self.revision)
            self.queue.append(entry)
            let listing = self.queue.filter { $0.createRevision >= listsFrom }
            self.answers.append(.entered(id, entry, self.revision, listing))
        case .list(let id):
            self.answers.append(.listed(id, self.revision, self.queue))
        case .watch:
            self.reports = []
            self.needsResumption = false
            self.answers.append(.watchOpened)
        case .delete(let entry, let isRelease):
            // Somebody else may have deleted it before; then its name does not come again.
            let isThere = self.queue.contains(entry)
            self.delete(entry)
            if isRelease, isThere { self.spareKeys.append(entry.key) }
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
        }
    }

    private mutating func report() {
        // The acknowledgement comes first on the same stream.
        let isAcknowledged = !self.answers.contains {
            if case .watchOpened = $0 { true } else { false }
        }
        guard let reports, isAcknowledged else { return }
        if self.needsResumption {
            self.needsResumption = false
            self.perform(self.machine.watchResumed())
        }
        guard !reports.isEmpty else { return }
        let count = Int.random(in: 1...reports.count, using: &self.random)
        self.reports = Array(reports.dropFirst(count))
        self.perform(self.machine.deleted(Array(reports.prefix(count))))
    }

    private mutating func perform(_ actions: [LockQueueStateMachine.Action]) {
        for action in actions {
            switch action {
            case .openWatch:
                self.requests.append(.watch)
            case .list(let id):
                self.requests.append(.list(id))
            case .awaitTakeover, .bury:
                self.violations.append("nobody came to an unclean end")
            case .grant(let id, let token):
                self.grantCount += 1
                self.check(id, token)
                self.waiting.remove(id)
                if let key = self.keys[id] {
                    self.holding[id] = QueueEntry(key: key, createRevision: token)
                }
            case .lose(let id, _):
                self.waiting.remove(id)
                self.holding[id] = nil
                if !self.history.contains(where: { $0.entry.key == self.keys[id] }) {
                    self.violations.append("\(id) was lost although its ticket stands")
                }
            }
        }
    }

    /// Whoever gets the lock must have been the first in the queue at some revision: everybody
    /// ahead is gone, and was gone before the ticket itself went.
    private mutating func check(_ id: Int, _ token: EtcdRevision) {
        if self.queue.contains(where: { $0.createRevision < token }) {
            self.violations.append("\(id) was granted with somebody ahead")
        }
        guard let end = self.history.first(where: { $0.entry.createRevision == token })?.deletedAt
        else { return }
        if self.history.contains(where: { $0.entry.createRevision < token && $0.deletedAt > end }) {
            self.violations.append("\(id) was granted though it never was the first")
        }
    }
}
