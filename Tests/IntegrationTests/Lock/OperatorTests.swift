// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// What is done about tickets from outside, and what a holder can prove.
@Suite(.hangLimit)
struct OperatorTests {
    @Test(arguments: EtcdVersion.allCases)
    func anEvictedHolderLosesTheLockAndARecordStays(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                try await fixture.withLock(unit: "admin") { admin in
                    let hold = try await lock.acquire()
                    let seen = try await admin.queue().tickets
                    #expect(try await admin.evict(seen[0], reason: "gone\u{1B}[2J"))
                    #expect(try await hold.waitUntilLost() == .ticketDeleted)
                    // The unit's next ticket is another one, whatever its key is called.
                    let next = try await lock.acquire()
                    #expect(try await !admin.evict(seen[0], reason: "gone"))
                    #expect(next.isHeld)
                    let history = try await lock.history()
                    #expect(history.map(\.event) == [.evicted])
                    #expect(history.first?.writer == "admin")
                    #expect(history.first?.unit == "app/0")
                    #expect(history.first?.createRevision == hold.fencingToken)
                    #expect(history.first?.reason == "gone\u{FFFD}[2J")
                    try await next.release()
                }
            }
        }
    }

    @Test
    func cancellingRemovesTheOwnPlacesOnly() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let own = Task { try await first.acquire() }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    let other = Task { try await second.acquire() }
                    try await eventually { try await first.queue().tickets.count == 3 }
                    let removed = try await first.cancel(reason: "not today")
                    #expect(removed.map(\.unitDescription) == ["app/0"])
                    let error = await lockError { _ = try await own.value }
                    #expect(error?.lossReason == .ticketDeleted)
                    #expect(hold.isHeld)
                    try await hold.release()
                    try await other.value.release()
                    #expect(try await second.history().map(\.event) == [.cancelled])
                }
            }
        }
    }

    @Test
    func theHistoryIsBounded() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                for index in 0..<20 {
                    _ = try await lock.acquire()
                    let ticket = try #require(try await lock.queue().holder)
                    #expect(try await lock.evict(ticket, reason: "\(index)"))
                    try await eventually { try await lock.queue().tickets.isEmpty }
                }
                let history = try await lock.history()
                #expect(history.map(\.reason) == (4..<20).reversed().map { "\($0)" })
                #expect(try await lock.history(limit: 2).map(\.reason) == ["19", "18"])
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aGuardedTransactionIsNotRunWithoutTheLock(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                let write = EtcdTransaction(
                    when: [.isAbsent("state")],
                    then: [.put("state", "1")],
                    otherwise: [.put("state", "2")]
                )
                let first = try await hold.guardedTxn(write)
                #expect(first.succeeded)
                #expect(first.header.revision > hold.fencingToken)
                // The caller's own conditions are the caller's business.
                #expect(try await !hold.guardedTxn(write).succeeded)
                #expect(try await fixture.etcd.etcdctl("get", "--print-value-only", "state") == "2")
                try await fixture.etcd.etcdctl("del", hold.key.string ?? "")
                try await fixture.etcd.etcdctl("put", "state", "theirs")
                let error = await lockError { _ = try await hold.guardedTxn(write) }
                #expect(error?.code == .lost)
                let state = try await fixture.etcd.etcdctl("get", "--print-value-only", "state")
                #expect(state == "theirs")
            }
        }
    }

    @Test
    func theStatesOfAnAcquisitionAreToldToItsEnd() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire()
                    let states = RollingLockStates()
                    let reading = Task { await states.reduce(into: []) { $0.append($1) } }
                    let waiter = Task { try await second.acquire(states: states) }
                    try await eventually { try await first.queue().tickets.count == 2 }
                    try await hold.release()
                    let next = try await waiter.value
                    try await next.release()
                    #expect(
                        await reading.value == [
                            .waiting(place: 1, ahead: ["app/0"]),
                            .held(fencingToken: next.fencingToken), .released,
                        ]
                    )

                    let lost = RollingLockStates()
                    let losing = Task { await lost.reduce(into: []) { $0.append($1) } }
                    let third = try await first.acquire(states: lost)
                    try await fixture.etcd.etcdctl("del", third.key.string ?? "")
                    #expect(await losing.value.last == .lost(.ticketDeleted))
                }
            }
        }
    }

    @Test
    func aFenceIsReadAsItIsWritten() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                #expect(hold.fence.createRevision == hold.fencingToken)
                #expect(hold.fence.etcdClusterID != 0)
                #expect(RollingLockFence("\(hold.fence)") == hold.fence)
                for text in ["", "12", "x:1", "1:x", "1:0", "1:2:3"] {
                    #expect(RollingLockFence(text) == nil)
                }
                try await hold.release()
            }
        }
    }

    @Test
    func theToolDoesTheSame() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            func operate(_ arguments: String...) async throws -> ChildProcess.Output {
                try await RollingLockTool.run(
                    arguments + [
                        "--endpoints", etcd.endpoint, "--cluster-id", "blue", "--unit", "admin",
                    ]
                )
            }
            let holder = try await tool.startHolding(
                script: "echo started $ROLLING_LOCK_FENCING_TOKEN; exec sleep 60"
            )
            let token = String(
                holder.standardOutput.split(separator: " ").last?.prefix { $0.isNumber } ?? ""
            )
            #expect(try await operate("verify", "--token", token).status == 0)
            #expect(try await operate("verify", "--token", "1").status == 79)
            #expect(try await operate("verify").status == 64)
            let other = try await operate("evict", "app/9", "--reason", "gone", "--json")
            #expect(other.standardOutput.contains("\"removed\":[]"))
            let evicted = try await operate("evict", "app/0", "--reason", "hangs")
            #expect(evicted.standardOutput.contains("removed the ticket \(token) of app/0"))
            #expect(await holder.wait().status == 79)
            #expect(try await operate("verify", "--token", token).status == 79)
            let history = try await operate("history").standardOutput
            #expect(history.contains("evicted") && history.contains("hangs"))
            #expect(try await operate("cancel").standardOutput == "nothing to remove\n")
        }
    }
}
