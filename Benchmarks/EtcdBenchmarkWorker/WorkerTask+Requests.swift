// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension WorkerTask {
    typealias Request = @Sendable (_ worker: Int, _ round: Int) async throws -> Void

    /// Keeps a number of requests outstanding, each in a task of its own.
    @concurrent
    func measureRequests(outstanding: Int, _ request: @escaping Request) async throws -> Measurement
    {
        let warmUpRounds = self.warmUp / outstanding
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in 0..<outstanding {
                group.addTask {
                    for round in 0..<warmUpRounds { try await request(worker, round) }
                }
            }
            try await group.waitForAll()
        }

        var measurement = try Measurement.begin()
        let deadline = measurement.started + self.duration
        let latencies = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for worker in 0..<outstanding {
                group.addTask {
                    var latencies: [Duration] = []
                    for round in 0... {
                        let start = SuspendingClock.now
                        guard start < deadline else { break }
                        try await request(worker, round)
                        latencies.append(SuspendingClock.now - start)
                    }
                    return latencies
                }
            }
            var all: [[Duration]] = []
            for try await latencies in group { all.append(latencies) }
            return all
        }
        try measurement.end()
        measurement.latencies = latencies.flatMap(\.self)
        return measurement
    }
}
