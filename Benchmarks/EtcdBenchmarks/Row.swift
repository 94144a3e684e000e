// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import BenchmarkReport
import Foundation

/// One line of the result.
struct Row: Sendable {
    var workload: Workload
    var client: BenchmarkClient
    var summary: Summary
}

extension ResultTable {
    init(_ rows: [Row]) {
        self.init(
            columns: [
                "workload", "client", "n", "p50_us", "p90_us", "p99_us", "max_us", "ops_per_s",
                "client_cpu_us_per_op", "peak_rss_kb",
            ],
            words: 2,
            rows: rows.map { [$0.workload.rawValue, $0.client.rawValue] + $0.summary.fields }
        )
    }
}

extension Summary {
    fileprivate var fields: [String] {
        let fractions = [
            self.p50, self.p90, self.p99, self.max, self.opsPerSecond, self.processorTimePerOp,
        ]
        return ["\(self.n)"] + fractions.map { String(format: "%.1f", $0) } + ["\(self.peakRSS)"]
    }
}
