// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The measured phase of a worker.
struct Measurement: Sendable {
    var latencies: [Duration] = []
    private(set) var started = SuspendingClock.now
    private var processorTimeBefore = Duration.zero
    private var elapsed = Duration.zero
    private var processorTime = Duration.zero
    private var peakRSS = 0

    init() {}

    /// Starts the phase.
    init(begin: Void) throws {
        self.processorTimeBefore = try ProcessUsage.processorTime()
        self.started = SuspendingClock.now
    }

    /// Ends the phase; latencies may still be filled in.
    mutating func end() throws {
        self.elapsed = SuspendingClock.now - self.started
        self.processorTime = try ProcessUsage.processorTime() - self.processorTimeBefore
        self.peakRSS = ProcessUsage.peakRSS() ?? 0
    }

    var summary: Summary {
        Summary(
            latencies: self.latencies,
            elapsed: self.elapsed,
            processorTime: self.processorTime,
            peakRSS: self.peakRSS
        )
    }
}
