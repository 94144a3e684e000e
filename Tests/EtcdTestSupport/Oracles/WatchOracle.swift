// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Judges what one watch delivers, and watches that continue it.
///
/// Says at once what can be told from the watch alone: order, uniqueness, revisions in one piece,
/// range, true bookmarks. `StoreTimeline` says the rest: nothing missing, nothing invented, the
/// right previous values.
package struct WatchOracle: Sendable {
    package let name: String
    package let prefix: String
    package let hasPrevious: Bool
    /// The first revision that has to be reported.
    package private(set) var start: Int64
    /// The first revision that may be reported.
    private var earliest: Int64
    /// Everything up to here was delivered.
    package private(set) var through: Int64
    package private(set) var delivered: [WatchedChange] = []
    private var lastRevision: Int64 = 0
    private var bookmark: Int64 = 0

    /// Begins with nothing delivered.
    ///
    /// - Parameters:
    ///   - name: For the evidence.
    ///   - prefix: Of the keys that are watched.
    ///   - start: The first revision that has to be reported.
    ///   - earliest: The first that may be, if that is another one.
    ///   - hasPrevious: Whether changes come with what was there before.
    package init(
        _ name: String,
        prefix: String,
        start: Int64,
        earliest: Int64? = nil,
        hasPrevious: Bool = false
    ) {
        self.name = name
        self.prefix = prefix
        self.start = start
        self.earliest = min(earliest ?? start, start)
        self.hasPrevious = hasPrevious
        self.through = start - 1
    }

    /// A batch of events arrived, in whose header the store had a revision.
    package mutating func received(_ changes: [WatchedChange], header: Int64) -> [Violation] {
        var violations: [Violation] = []
        func report(_ kind: Violation.Kind, _ change: StoreChange, _ text: String) {
            violations.append(
                .init(
                    kind,
                    "\(self.name): revision \(change.revision) of \(change.key) \(text)"
                )
            )
        }
        let before = self.lastRevision
        var keys: Set<String> = []
        for watched in changes {
            let change = watched.change
            if change.revision < self.earliest {
                report(.watchBeforeStart, change, "< \(self.earliest)")
            }
            if !change.key.hasPrefix(self.prefix) {
                report(.watchOutsideRange, change, "is not beneath \(self.prefix)")
            }
            if change.revision > header {
                report(.contradiction, change, "is above the header's \(header)")
            }
            if change.revision <= self.bookmark {
                report(.bookmarkUntrue, change, "after progress of \(self.bookmark)")
            }
            if change.revision == before {
                report(.watchSplitsRevision, change, "in two batches")
            } else if change.revision < self.lastRevision {
                let isRepeated = self.delivered.contains { $0.change == change }
                report(
                    isRepeated ? .watchRepeats : .watchOutOfOrder,
                    change,
                    "after \(self.lastRevision)"
                )
            } else if change.revision > self.lastRevision {
                keys = []
            }
            if !keys.insert(change.key).inserted {
                report(.watchRepeats, change, "twice in one revision")
            }
            self.lastRevision = max(self.lastRevision, change.revision)
        }
        self.delivered += changes
        self.through = max(self.through, self.lastRevision)
        return violations
    }

    /// The server says that everything up to a revision was delivered.
    package mutating func receivedProgress(_ revision: Int64) {
        self.bookmark = max(self.bookmark, revision)
        self.through = max(self.through, revision)
    }

    /// Hands over what was delivered so far, to be judged, and goes on with what comes next.
    package mutating func takeDelivered() -> WatchOracle {
        let part = self
        self.delivered = []
        self.start = self.through + 1
        self.earliest = self.start
        return part
    }
}
