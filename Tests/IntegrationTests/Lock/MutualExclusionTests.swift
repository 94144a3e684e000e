// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Synchronization
import Testing

@Suite(.hangLimit)
struct MutualExclusionTests {
    @Test(arguments: EtcdVersion.allCases)
    func twentyTasksOfFourClientsHoldOneAfterTheOtherInTheOrderOfArrival(
        version: EtcdVersion
    ) async throws {
        let clients = 4
        let tasksPerClient = 5
        let rounds = 15
        let holders = HolderCount()
        let tokens = Journal<EtcdRevision>()
        try await withLockFixture(version) { fixture in
            try await withThrowingTaskGroup { group in
                for client in 0..<clients {
                    group.addTask {
                        try await fixture.withLock(unit: "app/\(client)") { lock in
                            try await withThrowingTaskGroup { tasks in
                                for _ in 0..<tasksPerClient {
                                    tasks.addTask {
                                        for _ in 0..<rounds {
                                            try await lock.withLock { hold in
                                                #expect(holders.enter() == 1)
                                                #expect(hold.isHeld)
                                                tokens.append(hold.fencingToken)
                                                await Task.yield()
                                                holders.leave()
                                            }
                                        }
                                    }
                                }
                                try await tasks.waitForAll()
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.queueKeys() == [])
        }
        let order = tokens.entries
        #expect(order.count == clients * tasksPerClient * rounds)
        // The token is the create revision, so this is both: first come, first served, and no token
        // twice.
        #expect(zip(order, order.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test(arguments: EtcdVersion.allCases)
    func theTokenIsTheCreateRevisionOfTheTicket(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                for _ in 0..<3 {
                    try await lock.withLock(reason: "test") { hold in
                        let key = try #require(hold.key.string)
                        let json = try await fixture.etcd.etcdctl("get", key, "-w", "json")
                        #expect(json.contains("\"create_revision\":\(hold.fencingToken),"))
                    }
                }
            }
        }
    }

    @Test func locksOfDifferentNamesDoNotMeet() async throws {
        let names: [EtcdBytes] = [
            "a", "a/b", "a/b/queue", "a%2Fb", EtcdBytes([0]), EtcdBytes([0xff]), "é", "%", " ",
        ]
        try await withLockFixture(.v3_5) { fixture in
            try await self.holdAll(names[...], fixture)
            // Everything lies below the one prefix that is granted.
            let keys = try await fixture.etcd.etcdctl("get", "--prefix", "--keys-only", "")
            let lines = keys.split(separator: "\n")
            #expect(!lines.isEmpty)
            #expect(lines.allSatisfy { $0.hasPrefix(LockFixture.clusterPrefix) })
        }
    }

    /// Holds one lock after the other, each while the ones before are held.
    private func holdAll(_ names: ArraySlice<EtcdBytes>, _ fixture: LockFixture) async throws {
        guard let name = names.first else { return }
        try await fixture.withLock(unit: EtcdBytes([0, 0x2f, 0xff]), name: name) { lock in
            let hold = try await lock.acquire(timeout: .seconds(20))
            let queue = try await lock.queue()
            #expect(queue.tickets.map(\.unit) == [EtcdBytes([0, 0x2f, 0xff])])
            #expect(queue.holder?.unitDescription == "%00%2F%FF")
            try await self.holdAll(names.dropFirst(), fixture)
            #expect(try await hold.release() == .released)
        }
    }

    @Test func anUncontendedLockIsTakenAgainAndAgainOnOneLease() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let leases = Journal<EtcdLeaseID>()
                for _ in 0..<50 {
                    let hold = try await lock.acquire()
                    leases.append(hold.leaseID)
                    #expect(try await hold.release() == .released)
                    #expect(hold.state == .released)
                }
                #expect(Set(leases.entries).count == 1)
            }
            // Shutting down revokes it.
            #expect(try await fixture.etcd.etcdctl("lease", "list").hasSuffix("0 leases"))
        }
    }
}

/// How many hold the lock now.
private final class HolderCount: Sendable {
    private let count = Atomic(0)

    func enter() -> Int { self.count.add(1, ordering: .relaxed).newValue }

    func leave() { self.count.subtract(1, ordering: .relaxed) }
}
