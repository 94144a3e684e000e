// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension StoreTimeline {
    /// Whether a watch delivered everything up to where it came, nothing else, and true previous
    /// values.
    ///
    /// - Parameters:
    ///   - watch: What it delivered.
    ///   - compacted: The highest revision that was compacted: what lies before it cannot be told
    ///     any more, so a previous value may be missing.
    /// - Returns: What is wrong.
    package func check(_ watch: WatchOracle, compacted: Int64 = 0) -> [Violation] {
        var violations: [Violation] = []
        var seen: [Int64: Set<String>] = [:]
        for watched in watch.delivered {
            let change = watched.change
            seen[change.revision, default: []].insert(change.key)
            if !self.changes(at: change.revision).contains(change) {
                let text = "\(watch.name): \(change) is not in the history"
                violations.append(.init(.watchInventsChange, text))
            }
            if watch.hasPrevious {
                let before = self.record(of: change.key, at: change.revision - 1)
                let mayMiss = watched.previous == nil && change.revision <= compacted
                if watched.previous != before, !mayMiss {
                    let text =
                        "\(watch.name): \(change) came with \(watched.previous.text) "
                        + "instead of \(before.text)"
                    violations.append(.init(.previousWrong, text))
                }
            }
        }
        guard watch.start <= watch.through else { return violations }
        for revision in watch.start...watch.through {
            for change in self.changes(at: revision)
            where change.key.hasPrefix(watch.prefix)
                && seen[revision]?.contains(change.key) != true
            {
                let text = "\(watch.name), from \(watch.start) through \(watch.through): \(change)"
                violations.append(.init(.watchMissesChange, text))
            }
        }
        return violations
    }
}
