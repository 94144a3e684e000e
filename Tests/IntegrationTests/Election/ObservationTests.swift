// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct ObservationTests {
    /// Notes what an observation reports, until the task is cancelled.
    private func observe(
        _ election: EtcdElection,
        into journal: Journal<String>
    ) -> Task<Void, any Error> {
        Task {
            for try await leader in election.observe() {
                journal.append(leader?.value.string ?? "-")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func everyLeaderAndProclamationIsSeenInOrder(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            let journal = Journal<String>()
            let observer = try self.observe(fixture.election, into: journal)
            try await eventually { journal.entries == ["-"] }
            let first = try await fixture.enter("a").value
            let second = try await fixture.enter("b")
            try await first.proclaim("a2")
            try await first.resign()
            try await second.value.proclaim("b2")
            try await second.value.resign()
            try await eventually { journal.entries.count >= 6 }
            #expect(journal.entries == ["-", "a", "a2", "b", "b2", "-"])
            observer.cancel()
            // A cancelled observation ends without an error.
            try await observer.value
            // A later one begins with what is so then.
            let third = try await fixture.enter("c").value
            let late = Journal<String>()
            let lateObserver = try self.observe(fixture.election, into: late)
            try await eventually { late.entries == ["c"] }
            try await third.resign()
            try await eventually { late.entries == ["c", "-"] }
            lateObserver.cancel()
        }
    }

    @Test func theStoreMayGoBackBeforeTheFirstChangeIsWaitedFor() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let key = try #require(try fixture.election.keyPrefix.string) + "1-1"
            try await fixture.client.put(key, "old")
            try await fixture.etcd.saveBackup()
            for _ in 0..<20 { try await fixture.client.put(key, "new") }
            var leaders = try fixture.election.observe().makeAsyncIterator()
            let first = try await leaders.next()
            #expect(first??.value.string == "new")
            try await fixture.etcd.restoreBackup()
            try await eventually {
                await etcdError { _ = try await fixture.client.get("another") } == nil
            }
            let second = try await leaders.next()
            #expect(second??.value.string == "old")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func cutConnectionsCostNoLeader(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let journal = Journal<String>()
                let observer = try self.observe(client.election("boss"), into: journal)
                try await eventually { journal.entries == ["-"] }
                var expected = ["-"]
                for round in 0..<12 {
                    // Now during a change, now before one, now in the middle of none.
                    if round % 3 == 0 { proxy.cut() }
                    if round % 4 == 1 { proxy.refuse() }
                    let leader = try await fixture.enter("leader \(round)").value
                    if round % 3 == 1 { proxy.cut() }
                    try await leader.resign()
                    if round % 3 == 2 { proxy.cut() }
                    try proxy.accept()
                    expected += ["leader \(round)", "-"]
                }
                try await eventually { journal.entries.count >= expected.count }
                #expect(journal.entries == expected)
                observer.cancel()
            }
        }
    }

    @Test func afterACompactionTheLastLeaderIsSeen() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let journal = Journal<String>()
                let observer = try self.observe(client.election("boss"), into: journal)
                try await eventually { journal.entries == ["-"] }
                proxy.refuse()
                proxy.cut()
                for round in 0..<3 {
                    try await fixture.enter("missed \(round)").value.resign()
                }
                let leader = try await fixture.enter("last").value
                let now = try await fixture.client.range(.all).header.revision
                try await fixture.client.compact(at: now)
                try proxy.accept()
                try await eventually { journal.entries.last == "last" }
                try await leader.resign()
                try await eventually { journal.entries.last == "-" }
                observer.cancel()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatHappensBeforeTheWatchIsOpenIsSeen(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                var observation = try client.election("boss").observe().makeAsyncIterator()
                #expect(try await observation.next() == .some(nil))
                proxy.refuse()
                proxy.cut()
                for name in ["a", "b"] {
                    try await fixture.enter(name).value.resign()
                }
                let acceptance = Task {
                    // Attempts to open the watch fail meanwhile.
                    try await Task.sleep(for: .seconds(1))
                    try proxy.accept()
                }
                var names: [String?] = []
                for _ in 0..<4 { names.append(try await observation.next()??.value.string) }
                #expect(names == ["a", nil, "b", nil])
                try await acceptance.value
            }
        }
    }

    /// Servers before 3.4.36 and 3.5.18 do not report the deletion at a compacted revision.
    @Test(arguments: EtcdVersion.allCases)
    func theEndOfALeadershipIsSeenThoughCompacted(version: EtcdVersion) async throws {
        try await withElectionFixture(version) { fixture in
            let leader = try await fixture.enter("a").value
            var observation = try fixture.election.observe().makeAsyncIterator()
            #expect(try await observation.next()??.value.string == "a")
            try await leader.resign()
            let now = try await fixture.client.range(.all).header.revision
            try await fixture.client.compact(at: now)
            #expect(try await observation.next() == .some(nil))
        }
    }

    @Test func aRestartOfTheServerIsSurvived() async throws {
        try await withElectionFixture(.v3_5) { fixture in
            let journal = Journal<String>()
            let observer = try self.observe(fixture.election, into: journal)
            let leader = try await fixture.enter("before", ttl: .seconds(60)).value
            try await eventually { journal.entries.last == "before" }
            await fixture.etcd.kill()
            try await fixture.etcd.startAgain()
            #expect(leader.isLeading)
            try await leader.proclaim("after")
            try await eventually { journal.entries.last == "after" }
            try await leader.resign()
            try await eventually { journal.entries.last == "-" }
            observer.cancel()
        }
    }
}
