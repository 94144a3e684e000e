// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The whole history of a store, put together from what watches delivered.
///
/// Nothing changes in etcd without a new revision and there is no revision without a change, so a
/// history without a hole in its revisions is complete.
package struct StoreTimeline: Sendable {
    private var changesByRevision: [Int64: [String: StoreChange]] = [:]
    private var revisionsByKey: [String: [Int64]] = [:]
    private var revisionsByValue: [String: Set<Int64>] = [:]
    /// The keys whose revisions are not in order.
    private var unsorted: Set<String> = []

    package init() {}

    package var lastRevision: Int64 { self.changesByRevision.keys.max() ?? 0 }

    package var keys: [String] { self.revisionsByKey.keys.sorted() }

    /// Adds what somebody saw; what is known already has to be the same.
    package mutating func add(_ changes: some Sequence<StoreChange>, by name: String) -> [Violation]
    {
        var violations: [Violation] = []
        for change in changes {
            if let known = self.changesByRevision[change.revision]?[change.key] {
                if known != change {
                    let text = "\(name) saw \(change), others \(known)"
                    violations.append(.init(.contradiction, text))
                }
                continue
            }
            self.changesByRevision[change.revision, default: [:]][change.key] = change
            self.revisionsByKey[change.key, default: []].append(change.revision)
            if let value = change.record?.value {
                self.revisionsByValue[value, default: []].insert(change.revision)
            }
            self.unsorted.insert(change.key)
        }
        return violations
    }

    /// Puts the revisions of each key in order: call it before asking.
    package mutating func seal() {
        for key in self.unsorted { self.revisionsByKey[key]?.sort() }
        self.unsorted = []
    }

    package func changes(at revision: Int64) -> [StoreChange] {
        (self.changesByRevision[revision] ?? [:]).values.sorted { $0.key < $1.key }
    }

    /// The changes of a key, in order.
    package func changes(of key: String) -> [StoreChange] {
        (self.revisionsByKey[key] ?? []).compactMap { self.changesByRevision[$0]?[key] }
    }

    /// Where a value was put.
    package func revisions(ofPut value: String) -> Set<Int64> {
        self.revisionsByValue[value] ?? []
    }

    package var values: some Collection<String> { self.revisionsByValue.keys }

    /// What a key was at a revision.
    package func record(of key: String, at revision: Int64) -> StoreRecord? {
        precondition(self.unsorted.isEmpty, "seal() comes first")
        guard let revisions = self.revisionsByKey[key] else { return nil }
        var (low, high) = (0, revisions.count)
        while low < high {
            let middle = (low + high) / 2
            if revisions[middle] <= revision { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        return self.changesByRevision[revisions[low - 1]]?[key]?.record
    }

    /// All keys beneath a prefix at a revision.
    package func records(prefix: String, at revision: Int64) -> [String: StoreRecord] {
        var records: [String: StoreRecord] = [:]
        for key in self.revisionsByKey.keys where key.hasPrefix(prefix) {
            records[key] = self.record(of: key, at: revision)
        }
        return records
    }

    /// A hole in the history, and counters that do not go on as they have to.
    package func check(from first: Int64, through last: Int64) -> [Violation] {
        var violations: [Violation] = []
        if first <= last {
            for revision in first...last where self.changesByRevision[revision] == nil {
                violations.append(.init(.revisionMissing, "nobody saw revision \(revision)"))
            }
        }
        for key in self.revisionsByKey.keys {
            var before: StoreRecord?
            for change in self.changes(of: key) {
                if let text = change.fault(after: before) {
                    violations.append(
                        .init(
                            .countersWrong,
                            "\(text): \(change) after \(before.text)"
                        )
                    )
                }
                before = change.record
            }
        }
        return violations
    }
}

extension StoreChange {
    /// What is wrong with a change of a key that was like this before.
    fileprivate func fault(after before: StoreRecord?) -> String? {
        guard let record = self.record else {
            return before == nil ? "a key that was not there is deleted" : nil
        }
        if record.modRevision != self.revision { return "it has another revision than its change" }
        if record.createRevision != before?.createRevision ?? self.revision {
            return "it was created at another revision"
        }
        return record.version == (before?.version ?? 0) + 1 ? nil : "the version does not count"
    }
}
