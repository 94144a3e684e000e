// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import Foundation

/// EtcdKit and its peer at one task.
struct Comparison: Sendable {
    var ours: CodecRow
    var theirs: CodecRow

    /// Pairs the rows of each task.
    static func all(in rows: [CodecRow]) -> [Comparison] {
        rows.filter { $0.codec == .etcdkit }.flatMap { ours in
            rows.filter { $0.codec != .etcdkit && $0.task == ours.task }
                .map { Comparison(ours: ours, theirs: $0) }
        }
    }

    /// How many times as much the peer takes; nil when that was not measured.
    private func ratio(_ value: (CodecRow) -> Double?) -> Double? {
        guard let ours = value(self.ours), let theirs = value(self.theirs), ours > 0 else {
            return nil
        }
        return theirs / ours
    }

    /// A line of the table of ratios.
    var fields: [String] {
        let task = self.ours.task
        let ratios = [
            self.ratio { $0.microseconds[.kept] },
            self.ratio { $0.microseconds[.trimmed] },
            self.ratio { $0.counts.map { Double($0.instructions) } },
            self.ratio { $0.counts.map { Double($0.allocations) } },
        ]
        return [task.message.name, task.operation.rawValue, "\(task.message.valueBytes)"]
            + ratios.map { ratio in ratio.map { String(format: "%.2f", $0) } ?? "-" }
    }

    /// The line in the list of figures to reach.
    var figure: String? {
        self.ratio { $0.microseconds[.kept] }.map { ratio in
            Bound.atLeast(2).line(
                "\(self.ours.task.name) speed",
                against: self.theirs.codec.rawValue,
                value: ratio
            )
        }
    }
}

extension ResultTable {
    init(_ comparisons: [Comparison]) {
        self.init(
            columns: [
                "message", "operation", "value_bytes", "p50", "p50_trimmed", "instructions",
                "allocations",
            ],
            words: 2,
            rows: comparisons.map(\.fields)
        )
    }
}
