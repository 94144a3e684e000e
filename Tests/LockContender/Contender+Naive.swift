// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport

extension Contender {
    /// A lock as one might write it in five minutes: it looks, and then it takes.
    func performNaively(_ plan: Plan) async throws {
        do {
            let lease = try await self.client.grantLease(ttl: self.leaseTTL * 3).id
            let key =
                "\(LockChaosNames.queuePrefix)\(self.who.slot)/\(lease)-\(plan.attempt.number)"
            let token: EtcdRevision
            if self.defect == .impatient {
                token = try await self.put(key, plan, lease)
                while try await self.place(of: key) > 1 {
                    try await Task.sleep(for: .milliseconds(20))
                }
            } else {
                while try await self.place(of: key) > 0 {
                    try await Task.sleep(for: .milliseconds(20))
                }
                token = try await self.put(key, plan, lease)
            }
            try await self.holdNaively(plan, token.rawValue, lease)
            _ = try? await self.client.delete(key)
        } catch is EtcdError {
            _ = try await self.log.say(.stoppedWaiting(attempt: plan.attempt.number, .failed))
        }
    }

    private func put(_ key: String, _ plan: Plan, _ lease: EtcdLeaseID) async throws -> EtcdRevision
    {
        let value = "{\"version\":1,\"reason\":\"\(plan.attempt)\"}"
        return try await self.client.put(key, value, lease: lease).header.revision
    }

    /// How many stand before a key; all of them if it does not.
    private func place(of key: String) async throws -> Int {
        let response = try await self.client.range(
            .prefix(LockChaosNames.queuePrefix),
            options: .init(keysOnly: true)
        )
        let queue = response.keyValues.sorted { $0.createRevision < $1.createRevision }
        return queue.firstIndex { $0.key == EtcdBytes(key) } ?? queue.count
    }

    private func holdNaively(_ plan: Plan, _ token: Int64, _ lease: EtcdLeaseID) async throws {
        _ = try await self.log.say(
            .entered(attempt: plan.attempt.number, token: token, lease: lease.rawValue)
        )
        for step in plan.steps {
            let since = try await self.log.ask().line
            _ = try await self.log.say(.believes(token: token, since: since))
            if step.usesStore {
                _ = try? await self.client.put(LockChaosNames.resource, "\(token)")
            } else {
                _ = try await self.log.useUnfenced(token)
            }
            try await Task.sleep(for: step.pause)
        }
        _ = try await self.log.say(.leaves(token: token))
        _ = try await self.log.say(.released(token: token, .unconfirmed))
    }
}
