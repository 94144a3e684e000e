// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a read returned.
package struct ObservedRead: Sendable {
    package var name: String
    /// A key, or with a slash at its end or empty the prefix of several.
    package var prefix: String
    /// All that was found.
    package var found: [String: StoreRecord]
    /// The revision at which the server answered.
    package var revision: Int64
    /// What must be contained: for a linearizable read the highest revision that anybody knew to be
    /// done when the read began, for another the highest that its own client had seen.
    package var floor: Int64

    package init(
        _ name: String,
        prefix: String,
        found: [String: StoreRecord],
        revision: Int64,
        floor: Int64
    ) {
        self.name = name
        self.prefix = prefix
        self.found = found
        self.revision = revision
        self.floor = floor
    }
}

extension StoreTimeline {
    /// Whether a read shows the store as it was at its revision, and is not older than it may be.
    package func check(_ read: ObservedRead) -> [Violation] {
        var violations: [Violation] = []
        if read.revision < read.floor {
            violations.append(
                .init(
                    .readStale,
                    "\(read.name) of \(read.prefix) at \(read.revision), not at \(read.floor) or later"
                )
            )
        }
        let expected = self.expected(read)
        if expected != read.found {
            violations.append(
                .init(
                    .readWrong,
                    "\(read.name) of \(read.prefix) at \(read.revision) found "
                        + "\(read.found) instead of \(expected)"
                )
            )
        }
        return violations
    }

    private func expected(_ read: ObservedRead) -> [String: StoreRecord] {
        if read.prefix.isEmpty || read.prefix.hasSuffix("/") {
            return self.records(prefix: read.prefix, at: read.revision)
        }
        guard let record = self.record(of: read.prefix, at: read.revision) else { return [:] }
        return [read.prefix: record]
    }
}
