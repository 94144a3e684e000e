// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdKit

struct RenewalRowTests {
    private let now = ContinuousClock.now

    private func id(_ number: Int) -> EtcdLeaseID {
        EtcdLeaseID(Int64(number))
    }

    @Test func renewalsAreSentInTheirOrderAndOnce() {
        var row = RenewalRow()
        for number in 1...3 { row.append(id(number)) }
        #expect(row.first == id(1) && row.sentAt(id(1)) == nil)
        row.remove(id(2))
        #expect(row.send(at: self.now) == [id(1), id(3)])
        #expect(row.sentAt(id(1)) == self.now && row.sentAt(id(2)) == nil)
        #expect(row.send(at: self.now) == [])
        row.remove(id(1))
        #expect(row.first == id(3))
        row.append(id(1))
        #expect(row.first == id(3) && row.send(at: self.now) == [id(1)])
    }

    @Test func aReplacedStreamIsSentWhatIsStillNeeded() {
        var row = RenewalRow()
        for number in 1...4 { row.append(id(number)) }
        #expect(row.send(at: self.now).count == 4)
        row.madeUp(for: id(1))
        row.madeUp(for: id(3))
        row.needs(id(3))
        row.remove(id(4))
        row.append(id(4))
        row.startOver()
        #expect(!row.contains(id(1)) && row.sentAt(id(2)) == nil)
        #expect(row.send(at: self.now) == [id(2), id(3), id(4)])
    }

    @Test func whatWasMadeUpForBeforeItWasSentLeaves() {
        var row = RenewalRow()
        row.append(id(1))
        row.madeUp(for: id(1))
        #expect(!row.contains(id(1)) && row.first == nil && row.send(at: self.now) == [])
    }

    @Test func whoeverStillWaitsHearsOfTheEnd() {
        var row = RenewalRow()
        for number in 1...3 { row.append(id(number)) }
        _ = row.send(at: self.now)
        row.madeUp(for: id(2))
        #expect(row.removeAll() == [id(1), id(3)])
        #expect(row.first == nil && !row.contains(id(2)) && row.placeCount == 0)
    }

    @Test func placesOfAnsweredRenewalsAreGivenUpBehindOneThatHangs() {
        var row = RenewalRow()
        row.append(id(1))
        for round in 0..<10_000 {
            row.append(id(2 + round % 100))
            _ = row.send(at: self.now)
            row.remove(id(2 + round % 100))
            #expect(row.placeCount <= 100)
        }
        #expect(row.first == id(1))
    }
}
