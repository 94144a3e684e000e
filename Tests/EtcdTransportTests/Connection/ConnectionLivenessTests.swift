// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport
import EtcdTestSupport
import Testing

/// Transcripts: what a connection sees, and what is to be done about it.
struct ConnectionLivenessTests {
    private let start = ContinuousClock.now

    /// A peer that is looked after by the clock of the test.
    private struct Peer {
        let start: ContinuousClock.Instant
        var liveness = ConnectionLiveness(ConnectionLiveness.Settings())
        var facts: ConnectionLiveness.Facts

        init(start: ContinuousClock.Instant) {
            self.start = start
            self.facts = ConnectionLiveness.Facts(
                now: start,
                lastReceived: start,
                lastAnswered: start
            )
        }

        func time(_ milliseconds: Int) -> ContinuousClock.Instant {
            self.start + .milliseconds(milliseconds)
        }

        /// A call that began so many milliseconds after the start waits.
        mutating func waits(since milliseconds: Int?, isPrompt: Bool = true) {
            let time = milliseconds.map(self.time)
            self.facts.oldestCall = time
            self.facts.oldestPromptCall = isPrompt ? time : nil
            self.facts.openSince = time
        }

        /// Checks whenever the machine wants it, up to this time: what is to be done when.
        mutating func runs(to milliseconds: Int) -> [Int: [ConnectionLiveness.Action]] {
            var done: [Int: [ConnectionLiveness.Action]] = [:]
            var next: ContinuousClock.Instant? = self.facts.now
            while let due = next, due <= self.time(milliseconds) {
                self.facts.now = max(due, self.facts.now)
                let (actions, later) = self.liveness.check(self.facts)
                let now = Int((self.facts.now - self.start) / .milliseconds(1))
                if !actions.isEmpty { done[now, default: []] += actions }
                if actions.contains(.end) { break }
                next = later
            }
            self.facts.now = self.time(milliseconds)
            return done
        }
    }

    @Test
    func aPeerThatStaysSilentIsAskedThenSuspectThenDead() {
        var peer = Peer(start: self.start)
        peer.waits(since: 0)
        #expect(peer.runs(to: 399) == [:])
        #expect(peer.runs(to: 899) == [400: [.ping, .ask]])
        #expect(peer.runs(to: 1000) == [900: [.suspect(isSilent: true)]])
        let rest = peer.runs(to: 60_000)
        #expect(rest[4400] == [.end])
        #expect(rest.values.joined().filter { $0 == .ping } == [])
    }

    @Test
    func aPeerThatSendsBytesAndNoAnswersIsSuspectAndNotDead() {
        var peer = Peer(start: self.start)
        peer.waits(since: 0)
        #expect(peer.runs(to: 400) == [400: [.ping, .ask]])
        peer.facts.lastReceived = peer.time(401)
        // Suspect, and asked again, so that no old question is held against later calls.
        #expect(peer.runs(to: 1000) == [900: [.suspect(isSilent: false), .ask]])
        var all: [ConnectionLiveness.Action] = []
        for second in 1..<60 {
            peer.facts.lastReceived = peer.time(second * 1000)
            all += peer.runs(to: second * 1000 + 999).values.joined()
        }
        #expect(!all.contains(.end))
        // It is said again, for whoever had nothing better then.
        #expect(all.filter { $0 == .suspect(isSilent: false) }.count > 10)
    }

    @Test
    func anAnswerToTheQuestionSaysThatTheCallIsMerelySlow() {
        var peer = Peer(start: self.start)
        peer.waits(since: 0)
        #expect(peer.runs(to: 400)[400]?.contains(.ask) == true)
        peer.facts.lastReceived = peer.time(420)
        peer.facts.lastAnswered = peer.time(420)
        // Until the next question, 400 ms after the answer.
        #expect(peer.runs(to: 819).values.joined().filter { $0 != .ping } == [])
        #expect(peer.runs(to: 820)[820]?.contains(.ask) == true)
    }

    @Test
    func aStreamOfAnswersToLaterCallsIsSignEnough() {
        var peer = Peer(start: self.start)
        for time in stride(from: 0, to: 10_000, by: 100) {
            // Each waits for more than a second, as with a member that has too much to do.
            peer.waits(since: max(0, time - 1200))
            peer.facts.lastReceived = peer.time(time)
            peer.facts.lastAnswered = peer.time(time)
            #expect(peer.runs(to: time + 99) == [:])
        }
    }

    @Test
    func callsThatMayTakeLongCountOnlyForSilence() {
        var peer = Peer(start: self.start)
        peer.waits(since: 0, isPrompt: false)
        #expect(peer.runs(to: 400) == [400: [.ping]])
        peer.facts.lastReceived = peer.time(401)
        #expect(peer.runs(to: 5000) == [:])
        #expect(peer.runs(to: 6399) == [5900: [.ping]])
        #expect(peer.runs(to: 6400) == [6400: [.suspect(isSilent: true)]])
    }

    @Test
    func anIdleConnectionIsLeftInPeace() {
        var peer = Peer(start: self.start)
        #expect(peer.runs(to: 3_600_000) == [:])
    }

    @Test
    func openStreamsAloneArePingedAtTheIntervalAndNotForTheTimeBefore() {
        var peer = Peer(start: self.start)
        _ = peer.runs(to: 60_000)
        // A watch, on a connection that has been silent for a minute.
        peer.facts.openSince = peer.time(60_000)
        #expect(peer.runs(to: 70_400) == [70_000: [.ping]])
        #expect(peer.runs(to: 73_999)[70_500] == [.suspect(isSilent: true)])
        #expect(peer.runs(to: 74_000)[74_000] == [.end])
    }

    @Test(.computing)
    func pingsKeepTheirDistanceWhateverHappens() {
        for seed in 0..<50 as Range<UInt64> {
            var random = Minimal(state: seed)
            var peer = Peer(start: self.start)
            var pings: [Int] = []
            var time = 0
            while time < 120_000 {
                if random.next() % 2 == 0 { peer.facts.lastReceived = peer.time(time) }
                if random.next() % 3 == 0 { peer.facts.lastAnswered = peer.time(time) }
                peer.waits(
                    since: random.next() % 4 == 0 ? nil : max(0, time - Int(random.next() % 3000)),
                    isPrompt: random.next() % 2 == 0
                )
                if peer.facts.openSince == nil, random.next() % 2 == 0 {
                    peer.facts.openSince = peer.time(time)
                }
                if random.next() % 8 == 0 { peer.liveness.doubt(now: peer.facts.now) }
                time += Int(random.next() % 1500) + 1
                let done = peer.runs(to: time)
                pings += done.filter { $0.value.contains(.ping) }.map(\.key)
                if done.values.joined().contains(.end) {
                    // Another connection takes its place.
                    peer.facts.lastReceived = peer.time(time)
                }
            }
            pings.sort()
            #expect(pings.count > 3, "seed \(seed)")
            for (one, next) in zip(pings, pings.dropFirst()) {
                #expect(next - one >= 5500, "seed \(seed)")
            }
        }
    }

    /// The generator of Steele, Lea and Flood (splitmix64), enough to vary a test.
    private struct Minimal {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = self.state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    @Test
    func aDoubtOfAnotherConnectionIsLookedIntoAtOnce() {
        var peer = Peer(start: self.start)
        peer.facts.now = peer.time(10_000)
        peer.liveness.doubt(now: peer.facts.now)
        #expect(peer.runs(to: 10_000) == [10_000: [.ask]])
        #expect(peer.runs(to: 10_500)[10_500] == [.suspect(isSilent: false), .ask])

        var well = Peer(start: self.start)
        well.facts.now = well.time(10_000)
        well.liveness.doubt(now: well.facts.now)
        #expect(well.runs(to: 10_000) == [10_000: [.ask]])
        well.facts.lastAnswered = well.time(10_010)
        #expect(well.runs(to: 60_000) == [:])
    }

    @Test
    func overASlowLineItTakesLonger() {
        var peer = Peer(start: self.start)
        peer.facts.roundTrip = .milliseconds(600)
        peer.waits(since: 0)
        #expect(peer.runs(to: 2799) == [400: [.ping, .ask]])
        #expect(peer.runs(to: 2800) == [2800: [.suspect(isSilent: true)]])
        // Not longer than a PING may take at all.
        var slow = Peer(start: self.start)
        slow.facts.roundTrip = .seconds(3)
        slow.waits(since: 0)
        #expect(slow.runs(to: 4399) == [400: [.ping, .ask]])
        #expect(slow.runs(to: 4400) == [4400: [.end]])
    }

    @Test
    func whereAnswersHaveBeenLateOfLateQuestionsHaveMoreTimeAndPingsDoNot() {
        var slow = Peer(start: self.start)
        slow.facts.answerPatience = .seconds(2)
        slow.waits(since: 0)
        #expect(slow.runs(to: 400) == [400: [.ping, .ask]])
        slow.facts.lastReceived = slow.time(401)
        #expect(slow.runs(to: 2399) == [:])
        #expect(slow.runs(to: 2400) == [2400: [.suspect(isSilent: false), .ask]])

        var frozen = Peer(start: self.start)
        frozen.facts.answerPatience = .seconds(2)
        frozen.waits(since: 0)
        #expect(frozen.runs(to: 900)[900] == [.suspect(isSilent: true)])
    }

    @Test
    func aConnectionThatIsBeingLeftIsNotAskedAnything() {
        var peer = Peer(start: self.start)
        peer.facts.takesCalls = false
        peer.waits(since: 0)
        peer.liveness.doubt(now: peer.facts.now)
        #expect(peer.runs(to: 899) == [400: [.ping]])
        // Silence still counts.
        #expect(peer.runs(to: 900) == [900: [.suspect(isSilent: true)]])
    }

    @Test
    func streamsThatKeepBeingOpenedDoNotPutOffThePing() {
        var peer = Peer(start: self.start)
        // One stays, others come and go.
        peer.facts.openSince = peer.time(0)
        #expect(peer.runs(to: 10_000) == [10_000: [.ping]])
        #expect(peer.runs(to: 14_000)[14_000] == [.end])
    }

    @Test
    func timeInWhichThisProcessStoodStillDoesNotCount() {
        var peer = Peer(start: self.start)
        peer.waits(since: 0)
        #expect(peer.runs(to: 400) == [400: [.ping, .ask]])
        // A minute passes before the next check, which was due at 900.
        peer.facts.now = peer.time(60_000)
        #expect(peer.runs(to: 60_499) == [:])
        #expect(peer.runs(to: 60_500) == [60_500: [.suspect(isSilent: true)]])
        #expect(peer.runs(to: 64_000)[64_000] == [.end])
    }
}
