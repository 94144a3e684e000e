// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Keeps account of writes, each of a value that is written once only, and of what became of them.
///
/// Then compares with what the store shows: what was acknowledged is there once and where it was said
/// to be, what was refused is not there, and what is unknown is there once or not at all.
package struct WriteLedger: Sendable {
    package enum Outcome: Sendable, Hashable {
        case acknowledged(revision: Int64)
        case ambiguous
        /// Proven not to have happened.
        case refused
    }

    fileprivate struct Entry {
        var keys: Set<String>
        var outcome: Outcome
    }

    private var entries: [String: Entry] = [:]

    package init() {}

    /// A write of a value to all these keys at once is about to be made; until more is known it may
    /// or may not have happened.
    package mutating func begin(_ value: String, keys: Set<String>) {
        self.entries[value] = Entry(keys: keys, outcome: .ambiguous)
    }

    package mutating func end(_ value: String, _ outcome: Outcome) {
        self.entries[value]?.outcome = outcome
    }

    package var ambiguous: Int { self.entries.values.count { $0.outcome == .ambiguous } }

    package func check(_ timeline: StoreTimeline) -> [Violation] {
        var violations: [Violation] = []
        for (value, entry) in self.entries {
            let revisions = timeline.revisions(ofPut: value).sorted()
            if let kind = entry.fault(revisions) {
                let text =
                    "\(value) to \(entry.keys.sorted()), \(entry.outcome): put at \(revisions)"
                violations.append(.init(kind, text))
            }
            for revision in revisions {
                let changes = timeline.changes(at: revision).filter { $0.record?.value == value }
                let keys = Set(changes.map(\.key))
                if keys != entry.keys {
                    let text = "\(value) to \(entry.keys.sorted()) at \(revision): \(keys.sorted())"
                    violations.append(.init(.writeTorn, text))
                }
            }
        }
        for value in timeline.values where self.entries[value] == nil {
            violations.append(.init(.writeInvented, "nobody wrote \(value)"))
        }
        return violations
    }
}

extension WriteLedger.Entry {
    fileprivate func fault(_ revisions: [Int64]) -> Violation.Kind? {
        if revisions.count > 1 { return .writeTwice }
        switch self.outcome {
        case .acknowledged(let revision):
            guard let applied = revisions.first else { return .writeLost }
            return applied == revision ? nil : .revisionWrong
        case .refused: return revisions.isEmpty ? nil : .writeDespiteRefusal
        case .ambiguous: return nil
        }
    }
}
