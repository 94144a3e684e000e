// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

@Suite(.hangLimit)
struct QueueListingTests {
    @Test func theQueueShowsHolderWaitersReasonsAndMyPlace() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let hold = try await first.acquire(reason: "certificates")
                    let waiter = Task { try await second.acquire(reason: "upgrade") }
                    try await eventually { try await second.queue().tickets.count == 2 }

                    let queue = try await second.queue()
                    #expect(queue.tickets.map(\.unitDescription) == ["app/0", "app/1"])
                    #expect(queue.holder?.reason == "certificates")
                    #expect(queue.holder?.createRevision == hold.fencingToken)
                    #expect(queue.holder?.leaseID == hold.leaseID)
                    #expect(queue.holder?.isMine == false)
                    #expect(queue.waiters.map(\.reason) == ["upgrade"])
                    #expect(queue.myPlace == 1)
                    #expect(queue.place(of: "app/0") == 0)
                    let since = try #require(queue.holder?.since)
                    #expect(since.duration(to: .now) < .seconds(60))

                    try await hold.release()
                    let next = try await waiter.value
                    #expect(try await first.queue().holder?.unitDescription == "app/1")
                    try await next.release()
                    #expect(try await first.queue().tickets == [])
                }
            }
        }
    }

    @Test func aWaiterIsToldItsPlaceAsItMoves() async throws {
        let journal = Journal<RollingLockProgress>()
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    try await fixture.withLock(unit: "app/2") { third in
                        let hold = try await first.acquire()
                        let waiter = Task { try await second.acquire() }
                        try await eventually { try await first.queue().tickets.count == 2 }
                        let last = Task {
                            try await third.acquire { journal.append($0) }
                        }
                        try await eventually {
                            journal.entries.contains(.waiting(place: 2, ahead: ["app/0", "app/1"]))
                        }
                        try await hold.release()
                        let next = try await waiter.value
                        try await eventually {
                            journal.entries.contains(.waiting(place: 1, ahead: ["app/1"]))
                        }
                        try await next.release()
                        let mine = try await last.value
                        #expect(journal.entries.last == .held(fencingToken: mine.fencingToken))
                        #expect(journal.entries.count == 3)
                        try await mine.release()
                    }
                }
            }
        }
    }

    @Test func updatesFollowTheQueue() async throws {
        try await withLockFixture(.v3_4) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    let journal = Journal<[String]>()
                    let follower = Task {
                        for try await queue in second.queueUpdates() {
                            journal.append(queue.tickets.map(\.unitDescription))
                        }
                    }
                    try await eventually { journal.entries.last == [] }
                    let hold = try await first.acquire()
                    try await eventually { journal.entries.last == ["app/0"] }
                    let waiter = Task { try await second.acquire() }
                    try await eventually { journal.entries.last == ["app/0", "app/1"] }
                    try await hold.release()
                    try await waiter.value.release()
                    try await eventually { journal.entries.last == [] }
                    follower.cancel()
                    _ = await follower.result
                }
            }
        }
    }

    @Test func foreignValuesAreTolerated() async throws {
        try await withLockFixture(.v3_5) { fixture in
            let keys = ["694d8f3b1c2a7e05", "x/y/z", "%zz/1-0000000000000000"]
            for key in keys {
                try await fixture.etcd.etcdctl("put", LockFixture.queue + "/" + key, "not { json")
            }
            try await fixture.withLock(unit: "app/0") { lock in
                let queue = try await lock.queue()
                #expect(
                    queue.tickets.map(\.unitDescription)
                        == ["694d8f3b1c2a7e05", "z", "1-0000000000000000"]
                )
                #expect(queue.tickets.allSatisfy { $0.isForeign && $0.leaseID == nil })
            }
        }
    }
}
