// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// What the consumer of a watch has not read yet, and what is done when that is too much.
///
/// ```
///              add, too much               take, half of it is left
///   flowing ──────────────────▶ suspended ───────────────────────▶ flowing    (suspend)
///
///              add, too much               add, still too much
///   flowing ──────────────────▶ coalesced ───────────────────────▶ suspended  (coalesce)
///      ▲                            │                                  │
///      └────────── take ────────────┴──────────────────────────────────┘
/// ```
struct WatchBuffer {
    typealias Item = WatchMailbox.Item
    typealias Room = WatchMailbox.Room

    private struct Entry {
        let item: Item
        let byteCount: Int
        let eventCount: Int
        let arrivedAt: ContinuousClock.Instant?
    }

    private let options: EtcdWatchOptions
    /// Unread entries, from `head` on.
    private var entries: [Entry] = []
    private var head = 0
    private var eventCount = 0
    private var byteCount = 0
    /// What comes behind the entries, merged.
    private var coalesced: CoalescedEvents?
    /// How far the server was behind that.
    private var progress: EtcdResponseHeader?
    private var coalescedArrival: ContinuousClock.Instant?
    /// When what was taken last came, or the oldest part of it; nil if that was not told.
    private(set) var takenArrival: ContinuousClock.Instant?
    private var isSuspended = false

    init(options: EtcdWatchOptions) {
        self.options = options
    }

    /// Puts something behind what is there.
    ///
    /// - Returns: What the stream has to do.
    mutating func add(
        _ item: Item,
        byteCount: Int,
        arrivedAt: ContinuousClock.Instant? = nil
    ) -> Room {
        switch item {
        case .events(let events, let header):
            return self.add(events, header, byteCount, arrivedAt)
        case .progress(let header):
            self.progressed(header)
        case .resumed, .coalesced:
            self.append(item, byteCount: 0, eventCount: 0)
        }
        return .enough
    }

    /// Takes the oldest item.
    ///
    /// - Returns: The item, and whether the stream may continue a watch it had to stop.
    mutating func take() -> (item: Item, mayProceed: Bool)? {
        guard let item = self.takeEntry() ?? self.takeCoalesced() else { return nil }
        let hasRoom =
            self.coalesced == nil && self.eventCount <= self.options.bufferLimit / 2
            && self.byteCount <= self.options.bufferByteLimit / 2
        let mayProceed = self.isSuspended && hasRoom
        if mayProceed { self.isSuspended = false }
        return (item, mayProceed)
    }

    /// Drops everything.
    mutating func removeAll() {
        self = WatchBuffer(options: self.options)
    }
}

// MARK: - Adding

extension WatchBuffer {
    private mutating func add(
        _ events: [Event],
        _ header: EtcdResponseHeader,
        _ byteCount: Int,
        _ arrivedAt: ContinuousClock.Instant?
    ) -> Room {
        if self.coalesced != nil {
            self.coalesced?.add(events, header: header)
            self.progress = nil
        } else {
            let item = Item.events(events, header: header)
            self.append(
                item,
                byteCount: byteCount,
                eventCount: events.count,
                arrivedAt: arrivedAt
            )
        }
        guard self.isFull else { return .enough }
        if self.options.overflowPolicy == .fail { return .fail }
        if self.options.overflowPolicy == .coalesce && self.coalesced == nil {
            self.coalesce(header)
            guard self.isFull else { return .enough }
        }
        self.isSuspended = true
        return .suspend
    }

    private var isFull: Bool {
        self.eventCount + (self.coalesced?.eventCount ?? 0) > self.options.bufferLimit
            || self.byteCount + (self.coalesced?.byteCount ?? 0) > self.options.bufferByteLimit
    }

    /// Merges all events that are unread.
    private mutating func coalesce(_ header: EtcdResponseHeader) {
        var coalesced = CoalescedEvents(header: header)
        var others: [Entry] = []
        for entry in self.entries[self.head...] {
            switch entry.item {
            case .events(let events, let header): coalesced.add(events, header: header)
            // What it tells is in the events behind it, too.
            case .progress: break
            case .resumed, .coalesced: others.append(entry)
            }
        }
        self.coalesced = coalesced
        self.coalescedArrival = self.entries[self.head...].lazy.compactMap(\.arrivedAt).first
        self.entries = others
        self.head = 0
        self.eventCount = 0
        self.byteCount = 0
    }

    /// News of progress that say more replace older ones, so that they do not pile up.
    private mutating func progressed(_ header: EtcdResponseHeader) {
        guard self.coalesced == nil else {
            self.progress = header
            return
        }
        if self.head < self.entries.count, case .progress = self.entries.last?.item {
            self.entries.removeLast()
        }
        self.append(.progress(header), byteCount: 0, eventCount: 0)
    }

    private mutating func append(
        _ item: Item,
        byteCount: Int,
        eventCount: Int,
        arrivedAt: ContinuousClock.Instant? = nil
    ) {
        self.entries.append(
            Entry(item: item, byteCount: byteCount, eventCount: eventCount, arrivedAt: arrivedAt)
        )
        self.eventCount += eventCount
        self.byteCount += byteCount
    }
}

// MARK: - Taking

extension WatchBuffer {
    private mutating func takeEntry() -> Item? {
        guard self.head < self.entries.count else { return nil }
        let entry = self.entries[self.head]
        self.takenArrival = entry.arrivedAt
        self.head += 1
        self.eventCount -= entry.eventCount
        self.byteCount -= entry.byteCount
        if self.head == self.entries.count {
            self.entries.removeAll(keepingCapacity: self.head <= 64)
            self.head = 0
        } else if self.head >= 256 {
            self.entries.removeFirst(self.head)
            self.head = 0
        }
        return entry.item
    }

    private mutating func takeCoalesced() -> Item? {
        guard let coalesced = self.coalesced.take() else { return nil }
        self.takenArrival = self.coalescedArrival
        if let progress = self.progress.take() { self.progressed(progress) }
        return coalesced.responseCount > 1
            ? .coalesced(coalesced.all, header: coalesced.header)
            : .events(coalesced.all, header: coalesced.header)
    }
}
