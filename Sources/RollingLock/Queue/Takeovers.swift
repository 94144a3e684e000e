// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What is known of the owners of tickets that went without a clean end.
struct Takeovers: Equatable, Sendable {
    private enum State: Equatable, Sendable {
        /// It may still be at work.
        case awaited
        /// It had time to stop; its ticket does not count any more once this or a later listing has
        /// been answered.
        case due(LockQueueStateMachine.ListingID)
        /// Its ticket does not count.
        case passed
        /// Nor does it, and its `open` key is being deleted.
        case buried
    }

    /// So many orphans that do not count are kept in mind; to forget one costs a delay.
    private static let memory = 1000

    private var states: [QueueEntry: State] = [:]

    /// False if an orphan never counts.
    private let areAwaited: Bool

    init(areAwaited: Bool) {
        self.areAwaited = areAwaited
    }

    /// Whether an orphan still counts as a holder.
    func counts(_ orphan: QueueEntry) -> Bool {
        switch self.states[orphan] {
        case .passed, .buried: false
        case .awaited, .due, nil: self.areAwaited
        }
    }

    /// True if a listing is needed before an orphan stops to count.
    var needListing: Bool {
        self.states.values.contains { if case .due = $0 { true } else { false } }
    }

    /// Takes the orphans as they are known now.
    ///
    /// Those that do not count are kept in mind while they are not known: they never count again, and
    /// who may not delete what they left finds it there each time.
    ///
    /// - Returns: Those that are new and to be waited for.
    mutating func follow(_ orphans: [QueueEntry]) -> [QueueEntry] {
        if !self.states.isEmpty {
            let present = Set(orphans)
            self.states = self.states.filter { orphan, state in
                switch state {
                case .passed, .buried: true
                case .awaited, .due: present.contains(orphan)
                }
            }
            if self.states.count > Self.memory + orphans.count { self.states = [:] }
        }
        guard self.areAwaited else { return [] }
        let new = orphans.filter { self.states[$0] == nil }
        for orphan in new { self.states[orphan] = .awaited }
        return new
    }

    /// What was known was of another store.
    mutating func forgetAll() {
        self.states = [:]
    }

    /// The owner of this ticket cannot have held the lock.
    mutating func excuse(_ orphan: QueueEntry) {
        self.states[orphan] = .passed
    }

    /// The takeover delay of these orphans has passed.
    mutating func areDue(_ orphans: [QueueEntry], from listing: LockQueueStateMachine.ListingID) {
        for orphan in orphans where self.states[orphan] == .awaited {
            self.states[orphan] = .due(listing)
        }
    }

    mutating func listed(_ id: LockQueueStateMachine.ListingID) {
        for case (let orphan, .due(let listing)) in self.states where listing <= id {
            self.states[orphan] = .passed
        }
    }

    /// Somebody behind these holds the lock.
    ///
    /// - Returns: Those whose `open` keys are to be deleted.
    mutating func bury(_ orphans: some Sequence<QueueEntry>) -> [QueueEntry] {
        let buried = orphans.filter { !self.counts($0) && self.states[$0] != .buried }
        for orphan in buried { self.states[orphan] = .buried }
        return buried
    }
}
