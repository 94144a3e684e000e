// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import Testing

struct EndpointPickerTests {
    private let start = ContinuousClock.now

    private let down = ConnectionFailure.refused
    private let silent = ConnectionFailure.unresponsive("silent")

    @Test
    func endpointsComeInOrderFromTheStart() {
        let picker = EndpointPicker(count: 3, start: 1)
        #expect(picker.next(excluding: []) == .numbered(1))
        #expect(picker.next(excluding: [.numbered(1)]) == .numbered(2))
        #expect(picker.next(excluding: [.numbered(1), .numbered(2)]) == .numbered(0))
        #expect(picker.next(excluding: [.numbered(0), .numbered(1), .numbered(2)]) == nil)
    }

    @Test
    func anEndpointThatCouldNotBeReachedComesLastUntilItIsReached() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.failed(.numbered(0), with: self.down, at: self.start)
        #expect(picker.next(excluding: []) == .numbered(1))
        #expect(picker.failure(of: .numbered(0)) == self.down)

        picker.connected(.numbered(0), at: self.start)
        #expect(picker.next(excluding: []) == .numbered(0))
        #expect(picker.failure(of: .numbered(0)) == nil)
        #expect(picker.lastFailure(of: .numbered(0))?.failure == self.down)
    }

    @Test
    func anEndpointThatDidNotAnswerComesLastUntilItAnswers() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.suspect(.numbered(0), because: self.silent, at: self.start)
        picker.connected(.numbered(0), at: self.start)
        #expect(picker.next(excluding: []) == .numbered(1))
        // Nor does the loss of the connection make a connection enough.
        picker.failed(.numbered(0), with: self.down, at: self.start)
        picker.connected(.numbered(0), at: self.start)
        #expect(picker.next(excluding: []) == .numbered(1))
        #expect(picker.failure(of: .numbered(0)) == self.down)

        picker.recovered(.numbered(0), at: self.start)
        #expect(picker.next(excluding: []) == .numbered(0))
        #expect(picker.failure(of: .numbered(0)) == nil)
    }

    @Test
    func ofThoseInQuarantineTheOneThatFailedFirstComesFirst() {
        var picker = EndpointPicker(count: 3, start: 0)
        picker.failed(.numbered(1), with: self.down, at: self.start)
        picker.suspect(.numbered(2), because: self.silent, at: self.start + .seconds(1))
        picker.failed(.numbered(0), with: self.down, at: self.start + .seconds(2))
        #expect(picker.next(excluding: []) == .numbered(1))
        #expect(picker.next(excluding: [.numbered(1)]) == .numbered(2))
        #expect(picker.next(excluding: [.numbered(1), .numbered(2)]) == .numbered(0))
    }

    @Test
    func leavingIsOfUseWhereAnotherEndpointIsWellOrHasRested() {
        var picker = EndpointPicker(count: 2, start: 0)
        #expect(picker.hasAlternative(to: .numbered(0), now: self.start))
        picker.suspect(.numbered(1), because: self.silent, at: self.start)
        #expect(!picker.hasAlternative(to: .numbered(0), now: self.start))
        #expect(picker.hasAlternative(to: .numbered(0), now: self.start + .milliseconds(500)))
        // Each time it disappoints it rests for longer.
        picker.suspect(.numbered(1), because: self.silent, at: self.start + .seconds(1))
        picker.suspect(.numbered(1), because: self.silent, at: self.start + .seconds(2))
        #expect(!picker.hasAlternative(to: .numbered(0), now: self.start + .milliseconds(3900)))
        #expect(picker.hasAlternative(to: .numbered(0), now: self.start + .seconds(4)))

        let alone = EndpointPicker(count: 1, start: 0)
        #expect(!alone.hasAlternative(to: .numbered(0), now: self.start))
    }

    @Test
    func probesComeOneAtATimeAndEverMoreRarely() throws {
        var picker = EndpointPicker(count: 2, start: 0)
        #expect(picker.nextProbe() == nil)
        var now = self.start
        picker.suspect(.numbered(0), because: self.silent, at: now)
        for bound in [1, 2, 4, 8, 16, 30, 30].map({ Duration.seconds($0) }) {
            let due = try #require(picker.nextProbe())
            #expect(due - now >= bound / 2)
            #expect(due - now <= bound)
            #expect(picker.dueProbes(now: due - .nanoseconds(1)) == [])
            #expect(picker.dueProbes(now: due) == [.numbered(0)])
            // One is under way.
            let probed: Set<Endpoint> = [.numbered(0)]
            #expect(picker.nextProbe(without: probed) == nil)
            #expect(picker.dueProbes(now: due + .seconds(60), without: probed) == [])
            now = due
            picker.suspect(.numbered(0), because: self.silent, at: now)
        }
        picker.recovered(.numbered(0), at: now)
        #expect(picker.nextProbe() == nil)
    }

    @Test
    func anEndpointThatRecoversAndFailsInTurnIsTrustedLessAndLess() throws {
        var picker = EndpointPicker(count: 2, start: 0)
        var now = self.start
        for bound in [1, 2, 4].map({ Duration.seconds($0) }) {
            picker.suspect(.numbered(0), because: self.silent, at: now)
            let due = try #require(picker.nextProbe())
            #expect(due - now >= bound / 2)
            now = due
            picker.recovered(.numbered(0), at: now)
        }
        now += Quarantine.memory
        picker.suspect(.numbered(0), because: self.silent, at: now)
        let due = try #require(picker.nextProbe())
        #expect(due - now <= .seconds(1))
    }

    @Test
    func whatAllConnectionsTellOfOneIncidentCountsOnce() throws {
        var picker = EndpointPicker(count: 2, start: 0)
        for milliseconds in [0, 1, 2] {
            picker.failed(
                .numbered(0),
                with: self.down,
                at: self.start + .milliseconds(milliseconds)
            )
        }
        #expect(picker.quarantine(of: .numbered(0))?.strikes == 0)
        #expect(try #require(picker.nextProbe()) - self.start <= .seconds(1))
        picker.failed(.numbered(0), with: self.down, at: self.start + .milliseconds(1002))
        #expect(picker.quarantine(of: .numbered(0))?.strikes == 1)
    }

    @Test
    func whereAllMembersAnswerLateNobodyGoesRoundAndRound() {
        var picker = EndpointPicker(count: 3, start: 0)
        var now = self.start
        var current = 0
        var moves = 0
        // Each is suspect after 0.9 s, and its answer comes 0.3 s after that.
        while now < self.start + .seconds(300) {
            now += .milliseconds(900)
            if picker.hasAlternative(to: .numbered(current), now: now) {
                picker.suspect(.numbered(current), because: self.silent, at: now)
                moves += 1
                picker.recovered(.numbered(current), at: now + .milliseconds(300))
                current = (current + 1) % 3
            }
        }
        // Once in 0.9 s would be 333 times.
        #expect(moves < 90)
    }

    @Test
    func aNewListKeepsTheStartAndTheMemoryOfThoseThatStay() {
        var picker = EndpointPicker(count: 3, start: 1)
        picker.failed(.numbered(1), with: self.down, at: self.start)
        picker.failed(.numbered(2), with: self.down, at: self.start)
        picker.replace(with: [.numbered(0), .numbered(1), .numbered(3)])
        #expect(picker.endpoints == [.numbered(0), .numbered(1), .numbered(3)])
        #expect(picker.failure(of: .numbered(1)) == self.down)
        #expect(picker.next(excluding: []) == .numbered(3))
        picker.connected(.numbered(1), at: self.start)
        #expect(picker.next(excluding: []) == .numbered(1))
        // One that comes back comes as new.
        picker.replace(with: [.numbered(2)])
        #expect(picker.failure(of: .numbered(2)) == nil)
        #expect(picker.next(excluding: []) == .numbered(2))
    }

    @Test
    func whatIsSaidOfAnEndpointThatIsGoneIsIgnored() {
        var picker = EndpointPicker(count: 2, start: 0)
        picker.replace(with: [.numbered(1)])
        picker.failed(.numbered(0), with: self.down, at: self.start)
        picker.suspect(.numbered(0), because: self.silent, at: self.start)
        picker.replace(with: [.numbered(0), .numbered(1)])
        #expect(picker.failure(of: .numbered(0)) == nil)
        // The start is where it was put when the first one left.
        #expect(picker.next(excluding: []) == .numbered(1))
    }
}
