// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The figures of one measurement, or the medians of several.
struct Summary: Sendable {
    /// Operations measured; of several measurements, their sum.
    var n: Int
    var p50: Double
    var p90: Double
    var p99: Double
    var max: Double
    var opsPerSecond: Double
    var processorTimePerOp: Double
    var peakRSS: Int

    init(_ raw: RawMeasurement) {
        let sorted = raw.latencies.sorted()
        let count = sorted.count
        /// Nearest rank: the smallest latency that the given share does not exceed.
        func rank(_ percent: Int) -> Double {
            guard count > 0 else { return 0 }
            return Double(sorted[Swift.max(1, (count * percent + 99) / 100) - 1]) / 1e3
        }
        self.n = count
        self.p50 = rank(50)
        self.p90 = rank(90)
        self.p99 = rank(99)
        self.max = rank(100)
        self.opsPerSecond = count == 0 ? 0 : Double(count) / (Double(raw.elapsed) / 1e9)
        self.processorTimePerOp = count == 0 ? 0 : Double(raw.processorTime) / 1e3 / Double(count)
        self.peakRSS = raw.peakRSS
    }

    /// The median of each figure by itself.
    init?(mediansOf rounds: [Summary]) {
        guard var medians = rounds.first else { return nil }
        func median<Value: Comparable>(_ figure: KeyPath<Summary, Value>) -> Value {
            rounds.map { $0[keyPath: figure] }.sorted()[rounds.count / 2]
        }
        medians.n = rounds.reduce(0) { $0 + $1.n }
        medians.p50 = median(\.p50)
        medians.p90 = median(\.p90)
        medians.p99 = median(\.p99)
        medians.max = median(\.max)
        medians.opsPerSecond = median(\.opsPerSecond)
        medians.processorTimePerOp = median(\.processorTimePerOp)
        medians.peakRSS = median(\.peakRSS)
        self = medians
    }
}

/// What a client's worker saw, times in nanoseconds.
struct RawMeasurement: Codable, Sendable {
    var latencies: [Int]
    var elapsed: Int
    var processorTime: Int
    var peakRSS: Int

    enum CodingKeys: String, CodingKey {
        case latencies = "latencies_ns"
        case elapsed = "elapsed_ns"
        case processorTime = "processor_ns"
        case peakRSS = "peak_rss_kb"
    }
}
