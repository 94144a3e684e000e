// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Glibc
import Testing

/// `etcdctl elect` takes part in the same election.
@Suite(.hangLimit)
struct EtcdctlElectionTests {
    private static let name = "/elections/boss"

    @Test(arguments: EtcdVersion.allCases)
    func etcdctlWaitsForUs(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            let leader = try await fixture.enter("ours").value
            let etcdctl = try await fixture.etcd.startEtcdctl(["elect", Self.name, "theirs"])
            try await eventually { try await fixture.values() == ["ours", "theirs"] }
            #expect(etcdctl.standardOutput == "")
            try await leader.resign()
            try await eventually { etcdctl.standardOutput.contains("theirs") }
            let theirs = try #require(try await fixture.election.leader())
            #expect(theirs.value == "theirs")
            #expect(theirs.fencingToken > leader.fencingToken)
            etcdctl.signal(SIGINT)
            _ = await etcdctl.waitOrKill()
            try await eventually { try await fixture.election.leader() == nil }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func weWaitForEtcdctl(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            let etcdctl = try await fixture.etcd.startEtcdctl(["elect", Self.name, "theirs"])
            try await eventually { try await fixture.election.leader()?.value == "theirs" }
            let campaign = try await fixture.enter("ours")
            etcdctl.signal(SIGINT)
            let leadership = try await campaign.value
            #expect(try await fixture.values() == ["ours"])
            try await leadership.resign()
            _ = await etcdctl.waitOrKill()
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func etcdctlSeesOurLeaders(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            let etcdctl = try await fixture.etcd.startEtcdctl(["elect", "-l", Self.name])
            let leader = try await fixture.enter("ours").value
            try await eventually { etcdctl.standardOutput.contains("ours") }
            try await leader.proclaim("still ours")
            try await eventually { etcdctl.standardOutput.contains("still ours") }
            #expect(etcdctl.standardOutput.contains(leader.key.string ?? "-"))
            try await leader.resign()
            etcdctl.signal(SIGINT)
            _ = await etcdctl.waitOrKill()
        }
    }
}
