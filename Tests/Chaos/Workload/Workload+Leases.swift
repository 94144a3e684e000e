// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import ProcessControl

extension Workload {
    /// Holds one lease after the other, with a key that lives as long.
    func holdLeases(_ number: Int, _ generator: SeededGenerator) async throws {
        var generator = generator
        var count = 0
        while !self.witness.isOver {
            count += 1
            let key = "\(Self.sessionPrefix)\(number)/\(count)"
            let ttl = Duration.seconds(Int.random(in: 5...10, using: &generator))
            let client = self.client(number)
            let opened = await self.witness.call("open lease", writes: true) {
                try await client.openLeaseSession(ttl: ttl)
            }
            guard case .done(let session) = opened else {
                try await self.rest(50...200, &generator)
                continue
            }
            let value = "\(key) lease"
            let outcome = await self.witness.write("put", value, keys: [key], by: client) {
                try await client.put(key, value, lease: session.id).header.revision
            }
            if case .done = outcome {
                let time = Int.random(in: 500...12_000, using: &generator)
                try await self.hold(session, key, for: .milliseconds(time))
            }
            // Closing revokes, abandoning leaves the lease to end by itself.
            if Bool.random(using: &generator) {
                self.witness.update { $0.leases.closing(key, at: BootClock.nanoseconds) }
                await session.close()
            } else {
                session.abandon()
            }
        }
    }

    private func hold(
        _ session: EtcdLeaseSession,
        _ key: String,
        for time: Duration
    ) async throws {
        let end = ContinuousClock.now + time
        var outcome = "held"
        while ContinuousClock.now < end, !self.witness.isOver {
            // In this order the claim comes out too small rather than too large.
            let now = BootClock.nanoseconds
            let left = session.deadline - ContinuousClock.now
            if case .lost(let reason) = session.state {
                outcome = reason == .expired ? "expired" : "lost"
                if reason != .expired {
                    let text = "\(key): \(reason), but nobody did"
                    self.witness.leaseEndedEarly(.init(.leaseEndedEarly, text))
                }
                break
            }
            self.witness.update { $0.leases.claimed(key, until: now + left.inNanoseconds) }
            try await Task.sleep(for: .milliseconds(100))
        }
        self.witness.update { [outcome] in $0.leaseOutcomes[outcome, default: 0] += 1 }
    }
}
