// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The events of several responses, of which the last one of each key is left.
///
/// Nothing is left out beyond that: a consumer of plain events may have a key although its creation
/// is among them, so its deletion is news.
struct CoalescedEvents {
    private var events: [[UInt8]: Event] = [:]
    private(set) var header: EtcdResponseHeader
    private(set) var byteCount = 0
    /// How many responses were merged.
    private(set) var responseCount = 0

    /// Begins without events.
    init(header: EtcdResponseHeader) {
        self.header = header
    }

    var eventCount: Int { self.events.count }

    /// What is left, in the order of revisions.
    var all: [Event] {
        self.events.values.sorted {
            let (left, right) = ($0.kv?.modRevision ?? 0, $1.kv?.modRevision ?? 0)
            return left == right
                ? ($0.kv?.key ?? []).lexicographicallyPrecedes($1.kv?.key ?? []) : left < right
        }
    }

    /// Puts a response on top of what is there.
    mutating func add(_ events: [Event], header: EtcdResponseHeader) {
        self.header = header
        self.responseCount += 1
        for var event in events {
            let key = event.kv?.key ?? []
            if let known = self.events[key] {
                self.byteCount -= known.byteCount
                // What was there before all of them.
                event.prevKV = known.prevKV
            }
            self.byteCount += event.byteCount
            self.events[key] = event
        }
    }
}

extension Event {
    /// The bytes of keys and values.
    var byteCount: Int { (self.kv?.byteCount ?? 0) + (self.prevKV?.byteCount ?? 0) }
}

extension KeyValue {
    fileprivate var byteCount: Int { self.key.count + self.value.count }
}
