// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension WorkerTask {
    /// Puts a key and waits for its event, one after the other.
    ///
    /// A delivery lasts from the call of the put to the arrival of the event.
    @concurrent
    func measureWatch(_ client: EtcdClient) async throws -> Measurement {
        let watch = try await client.watch(.key(self.key))
        let (arrivals, arrived) = AsyncThrowingStream.makeStream(
            of: SuspendingClock.Instant.self,
            throwing: (any Error).self
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    for try await batch in watch {
                        let now = SuspendingClock.now
                        for _ in batch.events { arrived.yield(now) }
                    }
                    arrived.finish()
                } catch {
                    arrived.finish(throwing: error)
                }
            }
            var arrival = arrivals.makeAsyncIterator()
            for round in 0..<self.warmUp { _ = try await self.deliver(round, client, &arrival) }

            var measurement = try Measurement.begin()
            let deadline = measurement.started + self.duration
            for round in 0... {
                guard SuspendingClock.now < deadline else { break }
                measurement.latencies.append(try await self.deliver(round, client, &arrival))
            }
            try measurement.end()
            watch.cancel()
            return measurement
        }
    }

    private func deliver(
        _ round: Int,
        _ client: EtcdClient,
        _ arrival: inout AsyncThrowingStream<SuspendingClock.Instant, any Error>.Iterator
    ) async throws -> Duration {
        let digits = String(round)
        let value = String(repeating: "0", count: 16 - digits.count) + digits
        let start = SuspendingClock.now
        try await client.put(self.key, value)
        guard let arrived = try await arrival.next(isolation: #isolation) else {
            throw WorkerFailure("the watch ended")
        }
        return arrived - start
    }
}
