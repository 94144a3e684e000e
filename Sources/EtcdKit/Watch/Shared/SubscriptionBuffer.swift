// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What the consumer of a subscription has not read yet, and what is done when that is too much.
///
/// ```
///            add                     add, too much
///   empty ────────▶ batches ─────────────────────────────▶ closed   (detach, fail)
///     ▲   ◀────────    │ add, too much (coalesce)             ▲
///     │     take       ▼            add, still too much       │
///     └──────────── coalesced ────────────────────────────────┘
///           take
/// ```
///
/// What is in it when it closes can still be taken.
struct SubscriptionBuffer {
    private let range: EtcdKeyRange
    private let policy: EtcdSubscriptionOptions.OverflowPolicy
    private let eventLimit: Int
    private let byteLimit: Int

    /// Unread batches, from `head` on; empty while `coalesced` is there.
    private var batches: [EtcdChangeBatch] = []
    private var head = 0
    private var coalesced: CoalescedChanges?
    private var eventCount = 0
    private var byteCount = 0
    private(set) var isClosed = false

    /// Everything up to this revision was delivered into the buffer.
    private(set) var position: EtcdRevision

    /// Makes an empty buffer.
    ///
    /// - Parameters:
    ///   - range: The keys that the consumer wants.
    ///   - position: Where it begins.
    ///   - policy: What is done when it is full.
    ///   - eventLimit: The largest number of events.
    ///   - byteLimit: The largest size of the events.
    init(
        range: EtcdKeyRange,
        position: EtcdRevision,
        policy: EtcdSubscriptionOptions.OverflowPolicy,
        eventLimit: Int,
        byteLimit: Int
    ) {
        self.range = range
        self.position = position
        self.policy = policy
        self.eventLimit = eventLimit
        self.byteLimit = byteLimit
    }

    enum AddAction: Equatable {
        /// There is something to take.
        case kept
        /// Nothing in it is for this consumer.
        case none
        /// The buffer was full and is closed. Go on alone behind ``SubscriptionBuffer/position``.
        case detach
        /// The buffer was full and is closed. End with an error.
        case fail
    }

    /// The shared watch has reported something.
    ///
    /// - Parameter batch: A batch that has a bookmark.
    /// - Returns: What became of it.
    mutating func add(_ batch: EtcdChangeBatch) -> AddAction {
        guard !self.isClosed, let bookmark = batch.bookmark else { return .none }
        let events = batch.events.filter { self.range.contains($0.key) }
        guard !events.isEmpty else {
            return self.move(to: bookmark, tells: batch.kind == .progress)
        }
        var batch = batch
        batch.events = events
        let isAlone = self.holdsNoEvents
        if self.coalesced != nil {
            self.coalesced?.add(batch)
        } else {
            let byteCount = events.reduce(0) { $0 + $1.byteCount }
            let isFull =
                self.eventCount + events.count > self.eventLimit
                || self.byteCount + byteCount > self.byteLimit
            if isFull && !isAlone && self.policy != .coalesce { return self.close() }
            self.batches.append(batch)
            self.eventCount += events.count
            self.byteCount += byteCount
            if isFull && !isAlone { self.coalesce() }
        }
        self.position = bookmark
        if let coalesced = self.coalesced,
            coalesced.eventCount > self.eventLimit || coalesced.byteCount > self.byteLimit
        {
            return self.close()
        }
        return .kept
    }

    /// Takes the oldest batch.
    mutating func take() -> EtcdChangeBatch? {
        if let coalesced = self.coalesced.take() { return coalesced.batch }
        guard self.head < self.batches.count else { return nil }
        let batch = self.batches[self.head]
        self.head += 1
        self.eventCount -= batch.events.count
        self.byteCount -= batch.events.reduce(0) { $0 + $1.byteCount }
        if self.head == self.batches.count {
            self.batches.removeAll(keepingCapacity: self.head <= 64)
            self.head = 0
        } else if self.head >= 256 {
            self.batches.removeFirst(self.head)
            self.head = 0
        }
        return batch
    }

    /// Whether there is nothing to take, or news of progress at most.
    private var holdsNoEvents: Bool { self.eventCount == 0 && self.coalesced == nil }

    /// Nothing changed for the consumer up to a revision.
    private mutating func move(to bookmark: EtcdRevision, tells: Bool) -> AddAction {
        self.position = bookmark
        if self.coalesced != nil {
            self.coalesced?.move(to: bookmark)
        } else if self.head < self.batches.count {
            self.batches[self.batches.count - 1].bookmark = bookmark
        } else if tells {
            self.batches.append(EtcdChangeBatch(kind: .progress, bookmark: bookmark))
            return .kept
        }
        return .none
    }

    private mutating func coalesce() {
        var coalesced = CoalescedChanges()
        for batch in self.batches[self.head...] { coalesced.add(batch) }
        self.coalesced = coalesced
        self.batches = []
        self.head = 0
        self.eventCount = 0
        self.byteCount = 0
    }

    private mutating func close() -> AddAction {
        self.isClosed = true
        return self.policy == .detach ? .detach : .fail
    }
}
