// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import Foundation

/// One line of the result.
struct CodecRow: Sendable {
    var task: CodecTask
    var codec: Codec
    /// Of one operation.
    var microseconds: [Heap: Double]
    /// Nil when nothing was counted.
    var counts: Counts?
}

extension ResultTable {
    init(_ rows: [CodecRow]) {
        self.init(
            columns: [
                "message", "operation", "codec", "value_bytes", "p50_us", "p50_trimmed_us",
                "instructions", "allocations",
            ],
            words: 3,
            rows: rows.map { row in
                [
                    row.task.message.name, row.task.operation.rawValue, row.codec.rawValue,
                    "\(row.task.message.valueBytes)",
                ] + Heap.allCases.map { String(format: "%.1f", row.microseconds[$0] ?? 0) }
                    + [row.counts?.instructions, row.counts?.allocations].map { count in
                        count.map(String.init) ?? "null"
                    }
            }
        )
    }
}
