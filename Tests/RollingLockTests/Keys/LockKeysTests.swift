// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import Testing

@testable import RollingLock

@Suite struct LockKeysTests {
    private func keys(
        root: String = "/rollingops/default",
        cluster: EtcdBytes = "c",
        name: EtcdBytes = "default",
        unit: EtcdBytes = "u"
    ) throws -> LockKeys {
        try LockKeys(.init(root: root, clusterID: cluster, name: name, unit: unit))
    }

    private func refusal(_ body: () throws -> LockKeys) -> RollingLockError? {
        do {
            _ = try body()
            return nil
        } catch {
            return error as? RollingLockError
        }
    }

    @Test func keysLieBelowTheClustersPrefix() throws {
        let keys = try self.keys(cluster: "blue", name: "restart", unit: "app/0")
        #expect(keys.clusterPrefix == "/rollingops/default/blue/")
        #expect(keys.queuePrefix == "/rollingops/default/blue/v1/restart/queue/")
        #expect(keys.releaseMarker == "/rollingops/default/blue/v1/restart/released/app%2F0")
        #expect(
            keys.ticket(lease: EtcdLeaseID(0x1a2b), nonce: 0xff)
                == "/rollingops/default/blue/v1/restart/queue/app%2F0/1a2b-00000000000000ff"
        )
    }

    @Test func aTrailingSlashOfTheRootMakesNoDifference() throws {
        #expect(try self.keys(root: "/a/") == self.keys(root: "/a"))
        #expect(try self.keys(root: "/").clusterPrefix == "/c/")
    }

    @Test func noQueueLiesInsideAnother() throws {
        let names: [EtcdBytes] = [
            "a", "a/b", "a/queue", "a%2Fb", "b", "a/", "/", "%", "a/b/queue/x",
        ]
        let prefixes = try names.map { try self.keys(name: $0).queuePrefix.bytes }
        for (index, one) in prefixes.enumerated() {
            for (other, two) in prefixes.enumerated() where index != other {
                #expect(!two.starts(with: one))
            }
        }
    }

    @Test(arguments: ["", "a", "//", "/a//b", "/a//", "/a\u{0}"])
    func refusesARootThatIsNoPath(root: String) {
        #expect(self.refusal { try self.keys(root: root) }?.code == .invalidName)
    }

    @Test func refusesEmptyAndOverlongNames() {
        let long = EtcdBytes([UInt8](repeating: 0x61, count: 256))
        for bad in ["", long] {
            #expect(self.refusal { try self.keys(cluster: bad) }?.code == .invalidName)
            #expect(self.refusal { try self.keys(name: bad) }?.code == .invalidName)
            #expect(self.refusal { try self.keys(unit: bad) }?.code == .invalidName)
        }
        #expect(self.refusal { try self.keys(unit: "") }?.message == "the unit name is empty")
        #expect(
            self.refusal { try self.keys(cluster: EtcdBytes(long.bytes.dropLast())) } == nil
        )
    }

    @Test(arguments: [
        EtcdBytes("app/0"), EtcdBytes("100%"), EtcdBytes([0, 1, 0xff, 0x2f]), EtcdBytes("日本"),
    ])
    func theOwnerOfATicketComesBack(unit: EtcdBytes) throws {
        let keys = try self.keys(unit: unit)
        let ticket = keys.ticket(lease: EtcdLeaseID(-1), nonce: .max)
        #expect(keys.owner(of: ticket).unit == unit)
    }

    @Test func ownersArePrintable() throws {
        let ticket = try self.keys(unit: EtcdBytes([0x1b, 0x5b, 0xff]))
            .ticket(lease: EtcdLeaseID(1), nonce: 1)
        #expect(try self.keys().owner(of: ticket).description == "%1B%5B%FF")
        let japanese = try self.keys(unit: "日本/0").ticket(lease: EtcdLeaseID(1), nonce: 1)
        #expect(try self.keys().owner(of: japanese).description == "日本/0")
    }

    @Test(arguments: [
        ("694d8f3b1c2a7e05", "694d8f3b1c2a7e05"),
        ("", ""),
        ("a/b/c", "c"),
        ("unit/not-a-ticket", "not-a-ticket"),
        ("%zz/1a2b-00000000000000ff", "1a2b-00000000000000ff"),
        ("/1a2b-00000000000000ff", "1a2b-00000000000000ff"),
        ("unit/1a2b-00000000000000ff/more", "more"),
        ("\u{1b}[2J", "%1B%5B2J"),
    ])
    func ticketsOfOtherProgramsHaveNoUnit(rest: String, description: String) throws {
        let keys = try self.keys()
        let key = EtcdBytes(keys.queuePrefix.bytes + Array(rest.utf8))
        #expect(keys.owner(of: key) == TicketOwner(unit: nil, description: description))
    }

    @Test func eachWatchedKeySaysWhatItIs() throws {
        let keys = try self.keys(unit: "app/0")
        let classes: [TicketClass] = [
            .exclusive, .shared, .grouped("rack/1"), .grouped(".shared"), .grouped("a.group=b"),
        ]
        for ticketClass in classes {
            let ticket = keys.ticket(lease: EtcdLeaseID(7), nonce: 9, class: ticketClass)
            #expect(keys.kind(of: ticket) == .ticket(ticketClass))
            #expect(keys.owner(of: ticket).unit == "app/0")
            #expect(keys.kind(of: keys.open(ticket)) == .open(ticket: ticket, ticketClass))
            #expect(keys.watched.contains(ticket) && keys.watched.contains(keys.open(ticket)))
        }
        #expect(keys.kind(of: keys.freeze) == .freeze)
        #expect(keys.kind(of: keys.notice) == .notice)
        #expect(keys.watched.contains(keys.freeze) && keys.watched.contains(keys.notice))
        #expect(!keys.watched.contains(keys.releaseMarker))
        #expect(!keys.watched.contains(keys.recordsPrefix))
    }

    @Test func limitsAreReadAsTheyAreWritten() throws {
        let keys = try self.keys()
        let all: [RollingLockLimits] = try [
            .one, .slots(100_000), .percent(25, ofUnits: 20), .percent(1, ofUnits: 1),
        ]
        for limits in all { #expect(keys.kind(of: keys.limits(limits)) == .limits(limits)) }
        #expect(try RollingLockLimits.percent(25, ofUnits: 21).slotCount == 5)
        #expect(try RollingLockLimits.percent(1, ofUnits: 3).slotCount == 1)
        let unreadable = [
            "", "slots=0", "slots=01", "slots=-1", "slots=100001", "slots=1,", "percent=1",
            "percent=101,units=2", "slots=\u{0663}", "slots=99999999999999999999",
        ]
        for element in unreadable {
            let key = EtcdBytes(keys.limitsPrefix.bytes + Array(element.utf8))
            #expect(keys.kind(of: key) == .limits(nil), "\(element)")
        }
        #expect(throws: RollingLockError.self) { try RollingLockLimits.slots(0) }
        #expect(throws: RollingLockError.self) { try RollingLockLimits.percent(0, ofUnits: 1) }
    }
}
