// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct CampaignTests {
    @Test(arguments: EtcdVersion.allCases)
    func candidatesLeadInTheOrderInWhichTheyCame(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            #expect(try await fixture.election.leader() == nil)
            let names = (0..<8).map { "candidate \($0)" }
            var campaigns: [Task<EtcdLeadership, any Error>] = []
            for name in names { campaigns.append(try await fixture.enter(name)) }
            // One in the middle does not want any more.
            campaigns[3].cancel()
            await #expect(throws: CancellationError.self) { _ = try await campaigns[3].value }
            try await eventually { try await fixture.values().count == 7 }

            var tokens: [EtcdRevision] = []
            for (index, campaign) in campaigns.enumerated() where index != 3 {
                let leadership = try await campaign.value
                #expect(leadership.isLeading)
                let leader = try #require(try await fixture.election.leader())
                #expect(leader.value.string == names[index])
                #expect(leader.key == leadership.key)
                #expect(leader.fencingToken == leadership.fencingToken)
                #expect(leader.leaseID == leadership.leaseID)
                tokens.append(leadership.fencingToken)
                #expect(try await leadership.resign() == .resigned)
                #expect(leadership.state == .resigned)
                #expect(try await leadership.waitUntilLost() == nil)
            }
            #expect(tokens == tokens.sorted())
            #expect(Set(tokens).count == 7)
            #expect(try await fixture.election.leader() == nil)
            // Leases go with their candidates.
            try await eventually { try await fixture.client.leases().isEmpty }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theNextLeadsWhenTheLeadersLeaseIsRevoked(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            let leader = try await fixture.enter("first").value
            let next = try await fixture.enter("second")
            try await fixture.etcd.etcdctl("lease", "revoke", "\(leader.leaseID)")
            let leadership = try await next.value
            #expect(leadership.fencingToken > leader.fencingToken)
            let reason = try await leader.waitUntilLost()
            #expect(reason == .keyDeleted || reason == .leaseRevoked)
            #expect(!leader.isLeading)
            let late = await etcdErrorCode { try await leader.proclaim("too late") }
            #expect(late == .notElected)
            #expect(try await leader.resign() == .alreadyGone)
            #expect(try await fixture.values() == ["second"])
            try await leadership.resign()
        }
    }

    /// What a process that was killed looks like to the others: its connections are gone for good.
    @Test(arguments: EtcdVersion.allCases)
    func theNextLeadsWithinTheLeaseOfALeaderThatDied(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let journal = Journal<String>()
                let leader = try await fixture.enter("first", ttl: .seconds(3), with: client).value
                let loss = Task {
                    let reason = try await leader.waitUntilLost()
                    journal.append("first lost")
                    return reason
                }
                let next = try await fixture.enter("second")
                proxy.close()
                let died = ContinuousClock.now
                let leadership = try await next.value
                journal.append("second leads")
                // The lease's own time, and what the server takes to notice; generous here.
                #expect(ContinuousClock.now - died < .seconds(15))
                #expect(try await loss.value == .leaseExpired)
                // Who is cut off knows before the next one leads.
                #expect(journal.entries == ["first lost", "second leads"])
                try await leadership.resign()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aCandidateWhoseLeaseIsRevokedFailsWhileTheLeaderLeads(
        version: EtcdVersion
    ) async throws {
        try await withElectionFixture(version) { fixture in
            let leader = try await fixture.enter("first").value
            let waiter = try await fixture.enter("second")
            let third = try await fixture.enter("third")
            let candidates = try await fixture.client.range(.prefix(fixture.election.keyPrefix))
            let second = try #require(candidates.keyValues.first { $0.value == "second" })
            let lease = try #require(second.lease)
            try await fixture.etcd.etcdctl("lease", "revoke", "\(lease)")
            #expect(await etcdErrorCode { _ = try await waiter.value } == .notElected)
            #expect(leader.isLeading)
            #expect(try await fixture.values() == ["first", "third"])
            try await leader.resign()
            try await third.value.resign()
        }
    }

    @Test func aBodyIsCancelledWhenTheLeadershipIsLost() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let election = try fixture.election
            let code = await etcdErrorCode {
                try await election.withLeadership(proclaiming: "me") { leadership in
                    let key = try #require(leadership.key.string)
                    try await fixture.etcd.etcdctl("del", key)
                    do {
                        try await Task.sleep(for: .seconds(60))
                        Issue.record("the body was not cancelled")
                    } catch {
                        // Taking no notice must not hide the loss.
                    }
                    #expect(leadership.state == .lost(.keyDeleted))
                }
            }
            #expect(code == .notElected)
            let value = try await election.withLeadership(proclaiming: "me again") { _ in 7 }
            #expect(value == 7)
            // Resigned when the call returns.
            #expect(try await fixture.values() == [])
        }
    }

    @Test func theConditionHoldsForTheLeaderOnly() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let client = fixture.client
            let leader = try await fixture.enter("first").value
            let write = EtcdTransaction(when: [leader.condition], then: [.put("plan", "1")])
            #expect(try await client.commit(write).succeeded)
            try await leader.proclaim("still me")
            #expect(try await client.commit(write).succeeded)
            try await leader.resign()
            let next = try await fixture.enter("second").value
            #expect(try await !client.commit(write).succeeded)
            try await next.resign()
        }
    }

    @Test func namespacesApply() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let inside = try fixture.client.namespaced("app/").election("boss", root: nil)
            let outside = try fixture.client.election("boss", root: "app")
            #expect(inside.keyPrefix == "boss/")
            #expect(outside.keyPrefix == "app/boss/")
            let leader = try await inside.campaign("inside")
            #expect(try await inside.leader()?.key == leader.key)
            #expect(try await outside.leader()?.fencingToken == leader.fencingToken)
            let next = Task { try await outside.campaign("outside") }
            try await eventually {
                try await fixture.client.range(.prefix("app/boss/")).keyValues.count == 2
            }
            try await leader.resign()
            try await next.value.resign()
        }
    }

    @Test func withoutPermissionACampaignFailsAtOnce() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let auth = fixture.client.auth
            try await auth.addRoot()
            try await auth.addUser("anna", password: "right")
            try await auth.addRole("anna")
            try await auth.grantRole("anna", to: "anna")
            try await auth.enable()
            var configuration = EtcdClient.Configuration(endpoints: [fixture.etcd.endpoint])
            configuration.credentials = .init(user: "anna", password: "right")
            try await withEtcdClient(configuration: configuration) { client in
                let election = try client.election("boss")
                let code = await etcdErrorCode { _ = try await election.campaign("anna") }
                #expect(code == .permissionDenied)
                let observed = await etcdErrorCode {
                    for try await _ in election.observe() { Issue.record("a leader came") }
                }
                #expect(observed == .permissionDenied)
            }
            configuration.credentials = .root
            try await withEtcdClient(configuration: configuration) { root in
                try await root.auth.grant(.init(.readWrite, .prefix("/elections/")), to: "anna")
                // Nothing is left of the failed campaign.
                try await eventually { try await root.leases().isEmpty }
            }
            configuration.credentials = .init(user: "anna", password: "right")
            try await withEtcdClient(configuration: configuration) { client in
                _ = try await client.election("boss").campaign("anna").resign()
            }
        }
    }
}
