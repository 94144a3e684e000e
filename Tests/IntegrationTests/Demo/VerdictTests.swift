// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import RollingRestartDemo
import Testing

/// The demo's verdict on chronicles that are made up: it must be able to say no.
struct VerdictTests {
    /// A chronicle in which the units were restarted one by one, as they came.
    private func perfect() -> Chronicle {
        var chronicle = Chronicle()
        for (index, unit) in Demonstration.units.enumerated() {
            let begin = Int64(index) * 100
            chronicle.tickets.append(.init(unit: unit, revision: begin + 7, seen: begin))
            var request = Chronicle.Request(unit: unit, asked: begin)
            request.notes = ["granted", "restart-begin", "restart-end", "releasing"].map {
                self.note($0, unit, at: begin + 10, token: begin + 7)
            }
            request.status = 0
            chronicle.requests.append(request)
            chronicle.services[unit] = [
                self.note("healthy", unit, at: 0), self.note("stopping", unit, at: begin + 20),
                self.note("healthy", unit, at: begin + 80),
            ]
            chronicle.observers[unit] = [
                self.note("up", unit, at: 1), self.note("down", unit, at: begin + 25),
                self.note("up", unit, at: begin + 75), self.observed(unit),
            ]
        }
        return chronicle
    }

    private func note(
        _ event: String,
        _ unit: String,
        at time: Int64,
        token: Int64? = nil
    ) -> Note {
        var note = Note(event, unit: unit)
        note.time = time
        note.certain = time
        note.fencingToken = token
        return note
    }

    private func observed(_ unit: String) -> Note {
        var note = self.note("observed", unit, at: 1000)
        note.probes = 100
        return note
    }

    private func broken(_ chronicle: Chronicle) -> [Int] {
        Verdict(chronicle).findings.enumerated().filter { !$0.element.isKept }.map(\.offset)
    }

    @Test
    func aPerfectRollKeepsAllPromises() {
        #expect(Verdict(self.perfect()).isKept)
    }

    @Test
    func twoServicesDownAtOnceBreakThePromise() {
        var chronicle = self.perfect()
        // app/0 comes back only when app/1 is down already.
        chronicle.services["app/0"]?[2].time = 130
        #expect(self.broken(chronicle) == [0])
    }

    @Test
    func anObserverThatSeesTwoDownBreaksThePromise() {
        var chronicle = self.perfect()
        chronicle.observers["app/0"]?[2].certain = 130
        #expect(self.broken(chronicle) == [1])
    }

    @Test
    func aServiceThatNeverCameBackIsDownForEver() {
        var chronicle = self.perfect()
        chronicle.services["app/0"]?.removeLast()
        #expect(self.broken(chronicle).contains(0))
    }

    @Test
    func anObserverThatMissedAnOutageIsNotBelieved() {
        var chronicle = self.perfect()
        chronicle.observers["app/3"]?.removeSubrange(1...2)
        #expect(self.broken(chronicle) == [1])
    }

    @Test
    func overtakingBreaksTheOrder() {
        var chronicle = self.perfect()
        for index in chronicle.requests[0].notes.indices {
            chronicle.requests[0].notes[index].time = 115
        }
        #expect(self.broken(chronicle) == [2])
    }

    @Test
    func aTokenThatIsNotTheTicketsBreaksTheOrder() {
        var chronicle = self.perfect()
        for index in chronicle.requests[2].notes.indices {
            chronicle.requests[2].notes[index].fencingToken = 1
        }
        #expect(self.broken(chronicle) == [2])
    }

    @Test
    func aUnitThatWasNotRestartedBreaksThePromise() {
        var chronicle = self.perfect()
        chronicle.requests[4].status = 79
        #expect(self.broken(chronicle) == [3])
    }
}
