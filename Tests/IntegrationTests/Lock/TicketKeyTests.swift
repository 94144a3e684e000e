// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import RollingLock
import Testing

/// A key may be seen again; a ticket never.
@Suite(.hangLimit)
struct TicketKeyTests {
    @Test(arguments: EtcdVersion.allCases)
    func releasedKeysServeAgainWithGrowingTokens(version: EtcdVersion) async throws {
        try await withLockFixture(version) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                var keys: Set<EtcdBytes> = []
                var tokens: [EtcdRevision] = []
                for _ in 0..<50 {
                    let hold = try await lock.acquire()
                    keys.insert(hold.key)
                    tokens.append(hold.fencingToken)
                    #expect(try await hold.release() == .released)
                }
                #expect(keys.count == 1)
                #expect(tokens == tokens.sorted() && Set(tokens).count == 50)
            }
        }
    }

    @Test func aKeyThatWasDeletedByOthersIsNotUsedAgain() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { lock in
                let hold = try await lock.acquire()
                let key = try #require(hold.key.string)
                try await fixture.etcd.etcdctl("del", key)
                #expect(try await hold.release() == .alreadyGone)
                let next = try await lock.acquire()
                #expect(next.key != hold.key)
                #expect(try await next.release() == .released)
            }
        }
    }

    @Test func aWaiterIsNotMisledByAPredecessorThatComesAgainUnderItsKey() async throws {
        try await withLockFixture(.v3_5) { fixture in
            try await fixture.withLock(unit: "app/0") { first in
                try await fixture.withLock(unit: "app/1") { second in
                    for _ in 0..<20 {
                        let hold = try await first.acquire()
                        async let waiting = second.acquire()
                        try await eventually { try await fixture.queueKeys().count == 2 }
                        #expect(try await hold.release() == .released)
                        async let behind = first.acquire()
                        let successor = try await waiting
                        #expect(successor.fencingToken > hold.fencingToken)
                        #expect(try await successor.release() == .released)
                        let again = try await behind
                        #expect(again.key == hold.key)
                        #expect(again.fencingToken > successor.fencingToken)
                        #expect(try await again.release() == .released)
                    }
                }
            }
        }
    }
}
