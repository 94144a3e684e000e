// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock

/// Units that ask for one lock at the same time and release it at once, each with its own client.
struct Roll {
    let etcd: EtcdProcess
    let certificates: TestCertificates
    let units: Int

    /// How long rolls took, and as many locks and unlocks one after the other, in alternation.
    func measure(rounds: Int) async throws -> (roll: [Duration], pairs: [Duration]) {
        var locks: [(EtcdClient, RollingLock)] = []
        for unit in 0..<self.units {
            let client = try EtcdClient(configuration: self.configuration)
            let lock = try RollingLock(
                client: client,
                configuration: .init(clusterID: "roll", unit: "app/\(unit)")
            )
            locks.append((client, lock))
        }
        let units = locks.map(\.1)
        var rolls: [Duration] = []
        var pairs: [Duration] = []
        // The first round warms up: connections and leases.
        for round in 0...rounds {
            let roll = try await ContinuousClock().measure {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for unit in units { group.addTask { try await unit.acquire().release() } }
                    try await group.waitForAll()
                }
            }
            let pair = try await ContinuousClock().measure {
                for _ in units { try await units[0].acquire().release() }
            }
            if round > 0 {
                rolls.append(roll)
                pairs.append(pair)
            }
        }
        for (client, lock) in locks {
            await lock.shutdown()
            await client.shutdown()
        }
        return (rolls, pairs)
    }

    private var configuration: EtcdClient.Configuration {
        EtcdClient.Configuration(
            endpoints: [self.etcd.endpoint],
            tls: .init(
                certificateAuthorities: .file(self.certificates.ca),
                certificate: .file(self.certificates.client),
                privateKey: .file(self.certificates.clientKey)
            )
        )
    }
}
