// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

/// Many candidates, and connections that are cut at random.
@Suite(.hangLimit)
struct RandomElectionTests {
    private static let candidates = 5
    private static let rounds = 6

    @Test(arguments: EtcdVersion.allCases)
    func leadersFollowEachOtherWhateverHappens(version: EtcdVersion) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("leadersFollowEachOtherWhateverHappens: seed \(seed)")
        try await withElectionFixture(version) { fixture in
            try await fixture.withProxiedClient { proxy, client in
                let direct = Journal<EtcdRevision>()
                let proxied = Journal<EtcdRevision>()
                let observers = [
                    try self.observe(fixture.election, into: direct),
                    try self.observe(client.election("boss"), into: proxied),
                ]
                try await eventually { direct.entries == [0] && proxied.entries == [0] }
                let start = try await fixture.client.range(.all).header.revision.next
                let writes = try await fixture.client.watch(
                    .key("fenced"),
                    options: .init(startRevision: start)
                )

                let chaos = Task {
                    var random = SeededGenerator(seed: seed)
                    while !Task.isCancelled {
                        try await Task.sleep(
                            for: .milliseconds(Int.random(in: 30...300, using: &random))
                        )
                        proxy.cut()
                    }
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<Self.candidates {
                        let election = try (number % 2 == 0 ? client : fixture.client)
                            .election("boss")
                        group.addTask {
                            var random = SeededGenerator(seed: seed &+ UInt64(number))
                            for _ in 0..<Self.rounds {
                                try await self.takePart(in: election, fixture, &random)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                chaos.cancel()

                // Nobody stays behind, whoever gave up how.
                try await eventually { try await fixture.values().isEmpty }
                try await eventually { direct.entries.last == 0 && proxied.entries.last == 0 }
                try await eventually { direct.entries.count == proxied.entries.count }
                #expect(direct.entries == proxied.entries)
                let leaders = direct.entries.filter { $0 != 0 }
                #expect(leaders == leaders.sorted())
                #expect(Set(leaders).count == leaders.count)

                // What was written under a condition was written by one leader after the other.
                try await fixture.client.put("fenced", "end")
                var tokens: [Int] = []
                reading: for try await batch in writes {
                    for event in batch.events {
                        guard let token = event.keyValue.value.string.flatMap({ Int($0) }) else {
                            break reading
                        }
                        tokens.append(token)
                    }
                }
                #expect(!tokens.isEmpty)
                #expect(tokens == tokens.sorted())
                for observer in observers { observer.cancel() }
            }
        }
    }

    /// Notes the tokens of the leaders, 0 for none.
    private func observe(
        _ election: EtcdElection,
        into journal: Journal<EtcdRevision>
    ) -> Task<Void, any Error> {
        Task {
            for try await leader in election.observe() {
                journal.append(leader?.fencingToken ?? 0)
            }
        }
    }

    private func takePart(
        in election: EtcdElection,
        _ fixture: ElectionFixture,
        _ random: inout SeededGenerator
    ) async throws {
        let campaign = Task { try await election.campaign("x", ttl: .seconds(60)) }
        let pause = Duration.milliseconds(Int.random(in: 0...30, using: &random))
        if Int.random(in: 0..<4, using: &random) == 0 {
            try await Task.sleep(for: pause)
            campaign.cancel()
        }
        let leadership: EtcdLeadership
        do {
            leadership = try await campaign.value
        } catch is CancellationError {
            return
        }
        for _ in 0..<2 {
            _ = try await fixture.client.commit(
                EtcdTransaction(
                    when: [leadership.condition],
                    then: [.put("fenced", "\(leadership.fencingToken.rawValue)")]
                )
            )
            try await Task.sleep(for: pause)
        }
        if Int.random(in: 0..<4, using: &random) == 0 {
            try await fixture.client.revokeLease(leadership.leaseID)
            _ = try await leadership.waitUntilLost()
        } else {
            #expect(try await leadership.resign() == .resigned)
        }
    }
}
