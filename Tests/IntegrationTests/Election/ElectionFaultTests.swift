// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Answers are lost, callers give up, and keys change hands.
@Suite(.hangLimit)
struct ElectionFaultTests {
    /// The size of the answer that lists this many keys and more, and no smaller one.
    private static let filler = String(repeating: "x", count: 300)

    /// Fills the listing of an election, so that its answers are told from others by their size.
    private func crowd(_ fixture: ElectionFixture) async throws {
        for number in 0..<20 {
            try await fixture.client.put("/elections/boss/z\(number)\(Self.filler)", "")
        }
    }

    private func disperse(_ fixture: ElectionFixture) async throws {
        try await fixture.client.delete(.prefix("/elections/boss/z"))
    }

    @Test(arguments: EtcdVersion.allCases)
    func anEntryWhoseAnswerIsLostMakesOneCandidate(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            try await self.crowd(fixture)
            try await fixture.withProxiedClient { proxy, client in
                proxy.dropNextAnswer(ofAtLeast: 4000)
                let campaign = try await fixture.enter("mine", with: client)
                try await eventually { proxy.droppedAnswers == 1 }
                try await self.disperse(fixture)
                let leadership = try await campaign.value
                #expect(try await fixture.values() == ["mine"])
                let leader = try await fixture.election.leader()
                #expect(leader?.fencingToken == leadership.fencingToken)
                try await leadership.resign()
            }
        }
    }

    @Test func aCampaignGivenUpWithoutAnAnswerLeavesNothing() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            try await self.crowd(fixture)
            try await fixture.withProxiedClient { proxy, client in
                // The answer to the entry does not come, and everything after it does neither.
                proxy.dropNextAnswer(ofAtLeast: 4000)
                let campaign = try await fixture.enter("ghost", ttl: .seconds(60), with: client)
                proxy.dropAnswers()
                campaign.cancel()
                await #expect(throws: CancellationError.self) { _ = try await campaign.value }
                proxy.heal()
                proxy.cut()
                // Long before its lease would end.
                try await eventually(within: .seconds(20)) {
                    try await !fixture.values().contains("ghost")
                }
            }
        }
    }

    @Test func cancellingReturnsAtOnceThoughTheServerIsSilent() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let leader = try await fixture.enter("first").value
            try await fixture.withProxiedClient { proxy, client in
                let campaign = try await fixture.enter("second", ttl: .seconds(3), with: client)
                proxy.blackHole()
                campaign.cancel()
                let cancelled = ContinuousClock.now
                await #expect(throws: CancellationError.self) { _ = try await campaign.value }
                // Any request that is waited for would take the request timeout of 10 s.
                #expect(ContinuousClock.now - cancelled < .seconds(5))
                // Its lease is the limit.
                try await eventually { try await fixture.values() == ["first"] }
                proxy.heal()
            }
            try await leader.resign()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aResignationWhoseAnswerIsLostIsStillOne(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let leadership = try await fixture.enter("mine", with: client).value
                proxy.dropNextAnswer()
                #expect(try await leadership.resign() == .resigned)
                #expect(proxy.droppedAnswers == 1)
                #expect(try await fixture.values() == [])
            }
        }
    }

    @Test func aProclamationWhoseAnswerIsLostIsAmbiguous() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let leadership = try await fixture.enter("one", with: client).value
                proxy.dropNextAnswer()
                #expect(await etcdErrorCode { try await leadership.proclaim("two") } == .ambiguous)
                #expect(try await fixture.values() == ["two"])
                try await leadership.proclaim("two")
                try await leadership.proclaim("three")
                #expect(try await fixture.values() == ["three"])
                // The key is still the one that was elected, and under its lease.
                let leader = try #require(try await fixture.election.leader())
                #expect(leader.fencingToken == leadership.fencingToken)
                #expect(leader.leaseID == leadership.leaseID)
                try await leadership.resign()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func onlyTheOwnCandidateIsResigned(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let leadership = try await fixture.enter("mine", with: client).value
                // It does not hear of what happens to its key.
                proxy.blackHole()
                try await fixture.client.delete(leadership.key)
                try await fixture.client.put(leadership.key, "somebody else's")
                let resignation = Task { try await leadership.resign() }
                try await eventually { leadership.state == .resigned }
                proxy.heal()
                #expect(try await resignation.value == .notMine)
                // A further call sees the same.
                #expect(try await leadership.resign() == .notMine)
                #expect(await etcdErrorCode { try await leadership.proclaim("x") } == .notElected)
                #expect(try await fixture.values() == ["somebody else's"])
            }
        }
    }

    @Test func proclaimingAfterTheKeyIsGoneIsRefusedByTheServer() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let leadership = try await fixture.enter("mine", with: client).value
                let next = try await fixture.enter("next")
                proxy.blackHole()
                try await fixture.client.delete(leadership.key)
                #expect(leadership.isLeading)
                proxy.heal()
                // Whether the watch or the transaction is first.
                #expect(await etcdErrorCode { try await leadership.proclaim("x") } == .notElected)
                #expect(leadership.state == .lost(.keyDeleted))
                #expect(try await fixture.values() == ["next"])
                try await next.value.resign()
            }
        }
    }

    @Test func aWaiterHearsOfItsTurnAcrossCutConnections() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                for round in 0..<5 {
                    let leader = try await fixture.enter("leader \(round)").value
                    let waiter = try await fixture.enter("waiter \(round)", with: client)
                    proxy.refuse()
                    proxy.cut()
                    try await leader.resign()
                    try proxy.accept()
                    let leadership = try await waiter.value
                    #expect(try await leadership.resign() == .resigned)
                }
            }
        }
    }

    /// What the deposed leader was doing has until then to stop.
    @Test(arguments: EtcdVersion.allCases)
    func aLeaderDeposedByItsClockKeepsItsKeyUntilTheServerExpiresIt(
        version: EtcdVersion
    ) async throws {
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let leader = try await fixture.enter("first", ttl: .seconds(20), with: client).value
                proxy.blackHole()
                #expect(try await leader.waitUntilLost() == .leaseExpired)
                // It could revoke its lease now.
                proxy.cut()
                proxy.heal()
                try await eventually { try await fixture.values() == [] }
                // The deadline lies two seconds, a tenth of the lease, before its expiry.
                #expect(ContinuousClock.now >= leader.deadline + .seconds(2))
            }
        }
    }

    @Test func aLossThatOnlyTheResignationShowsIsThrown() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let election = try client.election("boss")
                let code = await etcdErrorCode {
                    try await election.withLeadership(proclaiming: "me") { leadership in
                        // The body ends before its client can hear of the deletion.
                        proxy.delay(.milliseconds(150))
                        try await fixture.client.delete(leadership.key)
                    }
                }
                proxy.heal()
                #expect(code == .notElected)
                // Who resigns in the body has not lost.
                let outcome = try await election.withLeadership(proclaiming: "me") { leadership in
                    try await leadership.resign()
                }
                #expect(outcome == .resigned)
            }
        }
    }

    @Test func aLeadershipLetGoEndsWithItsLease() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let next: Task<EtcdLeadership, any Error>
            do {
                let leader = try await fixture.enter("forgotten", ttl: .seconds(2)).value
                next = try await fixture.enter("next")
                #expect(leader.isLeading)
            }
            try await next.value.resign()
        }
    }

    @Test func whatEtcdWouldMisunderstandIsNotSent() async throws {
        // Nobody listens there: only what is refused before sending fails so.
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let election = try client.election("boss")
        let codes = [
            await etcdErrorCode { _ = try client.election("") },
            await etcdErrorCode { _ = try client.election("boss", root: "/elections/") },
            await etcdErrorCode { _ = try await election.campaign("me", ttl: .zero) },
        ]
        #expect(codes == Array(repeating: .invalidArgument, count: 3))
        await client.shutdown()
    }

    @Test func shuttingTheClientDownEndsCampaigns() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let other = try EtcdClient(configuration: .init(endpoints: [fixture.etcd.endpoint]))
            let leader = try await fixture.enter("first", with: other).value
            let waiter = try await fixture.enter("second", with: other)
            await other.shutdown()
            #expect(try await leader.waitUntilLost() == .closed)
            let code = await etcdErrorCode { _ = try await waiter.value }
            #expect(code == .notElected || code == .closed)
        }
    }
}
