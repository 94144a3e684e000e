// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

@testable import EtcdKit

/// A store that knows all of its history, and forgets what it is told to as etcd does.
struct ModelStore {
    /// The state at each revision, which is the index.
    ///
    /// As in etcd the first one is 1.
    private(set) var states: [[EtcdBytes: EtcdKeyValue]] = [[:], [:]]
    /// The events of each revision.
    private(set) var events: [[EtcdEvent]] = [[], []]
    private(set) var compactRevision = 0

    var revision: Int { self.states.count - 1 }

    func state(at revision: EtcdRevision) -> [EtcdBytes: EtcdKeyValue] {
        self.states[Int(revision.rawValue)]
    }

    /// One write: some keys put, some deleted, all at one revision.
    mutating func write(using generator: inout SeededGenerator) {
        let revision = EtcdRevision(Int64(self.revision + 1))
        var state = self.states[self.revision]
        var events: [EtcdEvent] = []
        let keys = (0..<12).map { EtcdBytes("k\($0)") }.shuffled(using: &generator)
        for key in keys.prefix(Int.random(in: 1...4, using: &generator)) {
            if let old = state[key], Bool.random(using: &generator) {
                state[key] = nil
                events.append(.deleting(old.key, at: revision))
            } else {
                let keyValue = EtcdKeyValue.written(key, at: revision, over: state[key])
                state[key] = keyValue
                events.append(EtcdEvent(kind: .put, keyValue: keyValue))
            }
        }
        self.states.append(state)
        self.events.append(events.sorted { $0.key < $1.key })
    }

    /// A write to keys that nobody mirrors.
    mutating func writeElsewhere() {
        self.states.append(self.states[self.revision])
        self.events.append([])
    }

    mutating func compact(using generator: inout SeededGenerator) {
        guard self.compactRevision < self.revision else { return }
        self.compactRevision = Int.random(
            in: self.compactRevision + 1...self.revision,
            using: &generator
        )
    }

    /// A page of three keys, or nil if its revision is compacted.
    func read(_ reading: MirrorStateMachine.Reading) -> EtcdPage? {
        let revision = Int(reading.revision?.rawValue ?? Int64(self.revision))
        guard reading.revision == nil || revision >= self.compactRevision else { return nil }
        let found = self.states[revision].values.sorted { $0.key < $1.key }
            .filter { keyValue in reading.after.map { keyValue.key > $0 } ?? true }
        return EtcdPage(
            revision: EtcdRevision(Int64(revision)),
            keyValues: Array(found.prefix(3)),
            isLast: found.count <= 3
        )
    }

    /// What a watch that was created anew, to begin with a revision, is told of it.
    ///
    /// A deletion at the revision of the last compaction is not among it, as with older servers.
    func replayed(_ revision: Int, isFirst: Bool) -> [EtcdEvent] {
        guard isFirst && revision == self.compactRevision else { return self.events[revision] }
        return self.events[revision].filter { $0.kind == .put }
    }
}

extension EtcdKeyValue {
    static func written(
        _ key: EtcdBytes,
        at revision: EtcdRevision,
        over old: EtcdKeyValue? = nil
    ) -> EtcdKeyValue {
        EtcdKeyValue(
            key: key,
            value: EtcdBytes("v\(revision)"),
            createRevision: old?.createRevision ?? revision,
            modRevision: revision,
            version: (old?.version ?? 0) + 1
        )
    }
}

extension EtcdEvent {
    static func putting(
        _ key: EtcdBytes,
        at revision: EtcdRevision,
        created: EtcdRevision? = nil
    ) -> EtcdEvent {
        var keyValue = EtcdKeyValue.written(key, at: revision)
        keyValue.createRevision = created ?? revision
        return EtcdEvent(kind: .put, keyValue: keyValue)
    }

    static func deleting(
        _ key: EtcdBytes,
        at revision: EtcdRevision,
        isSynthetic: Bool = false
    ) -> EtcdEvent {
        let keyValue = EtcdKeyValue(
            key: key,
            value: "",
            createRevision: 0,
            modRevision: revision,
            version: 0
        )
        return EtcdEvent(kind: .delete, keyValue: keyValue, isSynthetic: isSynthetic)
    }
}
