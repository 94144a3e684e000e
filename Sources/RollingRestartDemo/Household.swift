// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Everything that the demo started, to be ended in order: who depends on others first.
final class Household: Sendable {
    /// In the order in which they are ended.
    enum Rank: Int, Sendable, CaseIterable { case locks, observers, services, etcd }

    private let members = Mutex<[(rank: Rank, stop: @Sendable () async -> Void)]>([])

    /// Takes something in.
    func add(_ rank: Rank, stop: @escaping @Sendable () async -> Void) {
        self.members.withLock { $0.append((rank, stop)) }
    }

    /// Ends those of one rank.
    func end(_ rank: Rank) async {
        let members = self.members.withLock { members in
            let leaving = members.filter { $0.rank == rank }
            members.removeAll { $0.rank == rank }
            return leaving
        }
        await withTaskGroup { group in
            for member in members { group.addTask { await member.stop() } }
        }
    }

    /// Ends all.
    func endAll() async {
        for rank in Rank.allCases { await self.end(rank) }
    }
}
