// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// One line of the result.
struct Row: Sendable {
    var workload: Workload
    var client: BenchmarkClient
    var summary: Summary
}

/// The result as text and as JSON, both with the same columns.
struct ResultTable {
    var rows: [Row]

    private static let names = [
        "workload", "client", "n", "p50_us", "p90_us", "p99_us", "max_us", "ops_per_s",
        "client_cpu_us_per_op", "peak_rss_kb",
    ]

    /// Aligned columns, numbers to the right.
    var text: String {
        let lines = [Self.names] + self.rows.map { Self.words($0) + Self.numbers($0) }
        let widths = Self.names.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        return lines.map { line in
            zip(line.indices, line).map { column, field in
                let padding = String(repeating: " ", count: widths[column] - field.count)
                return column < 2 ? field + padding : padding + field
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    /// An array of objects with the columns as keys, in their order.
    var json: String {
        let objects = self.rows.map { row in
            let fields = Self.words(row).map { "\"\($0)\"" } + Self.numbers(row)
            return "  {"
                + zip(Self.names, fields).map { "\"\($0)\": \($1)" }.joined(separator: ", ")
                + "}"
        }
        return "[\n" + objects.joined(separator: ",\n") + "\n]\n"
    }

    private static func words(_ row: Row) -> [String] {
        [row.workload.rawValue, row.client.rawValue]
    }

    private static func numbers(_ row: Row) -> [String] {
        let summary = row.summary
        let fractions = [
            summary.p50, summary.p90, summary.p99, summary.max, summary.opsPerSecond,
            summary.processorTimePerOp,
        ]
        return ["\(summary.n)"] + fractions.map { String(format: "%.1f", $0) }
            + ["\(summary.peakRSS)"]
    }
}
