// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The measured phase: each operation's latency, and what it cost altogether.
struct Measurement: Sendable {
    var latencies: [Duration] = []
    private(set) var started = SuspendingClock.now
    private var processorTimeBefore = Duration.zero
    private var elapsed = Duration.zero
    private var processorTime = Duration.zero
    private var peakRSS = 0

    private init() {}

    /// Starts the phase.
    static func begin() throws -> Measurement {
        var measurement = Measurement()
        measurement.processorTimeBefore = try ProcessUsage.processorTime()
        measurement.started = SuspendingClock.now
        return measurement
    }

    /// Ends the phase; latencies may still be filled in.
    mutating func end() throws {
        self.elapsed = SuspendingClock.now - self.started
        self.processorTime = try ProcessUsage.processorTime() - self.processorTimeBefore
        self.peakRSS = try ProcessUsage.peakRSS()
    }

    /// All clients' workers print these fields; the harness makes figures of them.
    func printJSON() {
        let latencies = self.latencies.lazy.map { String($0.nanoseconds) }.joined(separator: ",")
        print(
            """
            {"latencies_ns": [\(latencies)], "elapsed_ns": \(self.elapsed.nanoseconds), \
            "processor_ns": \(self.processorTime.nanoseconds), "peak_rss_kb": \(self.peakRSS)}
            """
        )
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
