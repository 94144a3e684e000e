// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@testable import RollingLock

@Suite struct AdmissionTests {
    private func holders(_ queue: [TicketClass], slots: Int = 1) throws -> Int {
        var admission = Admission(limits: try .slots(slots))
        return queue.map { admission.admits($0) }.prefix { $0 }.count
    }

    @Test func exclusiveTicketsFillTheSlots() throws {
        let queue = [TicketClass](repeating: .exclusive, count: 4)
        #expect(try self.holders(queue) == 1)
        #expect(try self.holders(queue, slots: 3) == 3)
        #expect(try self.holders(queue, slots: 9) == 4)
    }

    @Test func sharedTicketsHoldTogetherUpToTheFirstExclusiveOne() throws {
        #expect(try self.holders([.shared, .shared, .shared, .exclusive, .shared]) == 3)
        #expect(try self.holders([.exclusive, .shared]) == 1)
        #expect(try self.holders([.shared, .exclusive], slots: 2) == 1)
    }

    @Test func groupsHoldOneAfterTheOther() throws {
        let rack1 = TicketClass.grouped("rack1")
        let rack2 = TicketClass.grouped("rack2")
        #expect(try self.holders([rack1, rack1, rack2, rack1], slots: 3) == 2)
        #expect(try self.holders([rack1, .exclusive], slots: 3) == 1)
        #expect(try self.holders([rack1, rack1, rack1], slots: 2) == 2)
    }

    /// Whoever holds the lock goes on to hold it when any ticket goes: nobody is overtaken.
    @Test func anEndTakesTheLockFromNobody() throws {
        var random = SeededGenerator(seed: 11)
        let classes: [TicketClass] = [.exclusive, .shared, .grouped("a"), .grouped("b")]
        for _ in 0..<2000 {
            let queue = (0..<7).map { _ in classes.randomElement(using: &random) ?? .exclusive }
            let slots = Int.random(in: 1...4, using: &random)
            let before = try self.holders(queue, slots: slots)
            var rest = queue
            let gone = Int.random(in: 0..<7, using: &random)
            rest.remove(at: gone)
            let after = try self.holders(rest, slots: slots)
            #expect(after >= (gone < before ? before - 1 : before))
        }
    }
}
