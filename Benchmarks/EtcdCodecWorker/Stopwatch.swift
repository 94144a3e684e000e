// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Repeats an operation for a while, each time by itself.
struct Stopwatch {
    private let duration: Duration

    init(seconds: String) throws {
        guard let seconds = Double(seconds) else {
            throw WorkerFailure("SECONDS is not a number")
        }
        self.duration = .seconds(seconds)
    }

    /// Prints the nanoseconds of each repetition; a tenth of the time is for warming up.
    func time(_ operation: () throws -> Void) rethrows {
        _ = try Self.latencies(of: operation, for: self.duration / 10)
        let latencies = try Self.latencies(of: operation, for: self.duration)
        let numbers = latencies.lazy.map { String($0.attoseconds / 1_000_000_000) }
        print("{\"latencies_ns\": [\(numbers.joined(separator: ","))]}")
    }

    private static func latencies(
        of operation: () throws -> Void,
        for duration: Duration
    ) rethrows -> [Duration] {
        var latencies: [Duration] = []
        var start = SuspendingClock.now
        let deadline = start + duration
        while start < deadline {
            try operation()
            let end = SuspendingClock.now
            latencies.append(end - start)
            start = end
        }
        return latencies
    }
}
