// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// When which fault began and ended.
package struct FaultJournal: Sendable {
    package struct Entry: Sendable, CustomStringConvertible {
        package var step: FaultScript.Step
        /// Whether one of the members that it hit led the cluster.
        package var hitsLeader: Bool
        package var began: ContinuousClock.Instant
        package var ended: ContinuousClock.Instant?

        package init(
            _ step: FaultScript.Step,
            hitsLeader: Bool,
            began: ContinuousClock.Instant,
            ended: ContinuousClock.Instant? = nil
        ) {
            self.step = step
            self.hitsLeader = hitsLeader
            self.began = began
            self.ended = ended
        }

        package var description: String {
            "\(self.step)\(self.hitsLeader ? ", the leader" : "")"
        }
    }

    package private(set) var entries: [Entry] = []

    package init() {}

    /// Notes a beginning; `ended(_:at:)` wants the number it returns.
    package mutating func began(_ entry: Entry) -> Int {
        self.entries.append(entry)
        return self.entries.count - 1
    }

    package mutating func ended(_ number: Int, at time: ContinuousClock.Instant) {
        self.entries[number].ended = time
    }

    /// What was going on at a time or had ended shortly before it.
    package func around(
        _ time: ContinuousClock.Instant,
        within span: Duration
    ) -> [Entry] {
        self.entries.filter { entry in
            entry.began <= time && entry.ended.map { $0 + span >= time } ?? true
        }
    }
}
