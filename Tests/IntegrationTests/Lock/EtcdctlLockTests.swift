// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Glibc
import RollingLock
import Testing

/// `etcdctl lock` stands in the same queue.
@Suite(.hangLimit)
struct EtcdctlLockTests {
    @Test(arguments: EtcdVersion.allCases)
    func etcdctlWaitsForUs(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                let etcdctl = try await fixture.etcd.startEtcdctl(
                    ["lock", LockFixture.queue, "echo", "etcdctl has it"])
                try await eventually { try await lock.queue().tickets.count == 2 }
                let waiter = try #require(try await lock.queue().waiters.first)
                #expect(waiter.isForeign)
                #expect(waiter.unitDescription == waiter.leaseID?.description)
                #expect(etcdctl.isRunning)
                #expect(etcdctl.standardOutput == "")
                try await hold.release()
                let output = await etcdctl.waitOrKill()
                #expect(output.standardOutput.contains("etcdctl has it"))
                #expect(output.isSuccess)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func weWaitForEtcdctl(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let etcdctl = try await fixture.etcd.startEtcdctl(["lock", LockFixture.queue])
                try await eventually { etcdctl.standardOutput.contains(LockFixture.queue) }
                let foreign = try #require(try await lock.queue().holder)
                let journal = Journal<RollingLockProgress>()
                let waiter = Task { try await lock.acquire { journal.append($0) } }
                try await eventually {
                    journal.entries == [.waiting(place: 1, ahead: [foreign.unitDescription])]
                }
                etcdctl.signal(SIGINT)
                let hold = try await waiter.value
                #expect(hold.fencingToken > foreign.createRevision)
                try await hold.release()
                _ = await etcdctl.waitOrKill()
            }
        }
    }
}
