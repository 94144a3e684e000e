// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Testing

@testable import EtcdKit

/// Renewals that the server does not answer, on streams that it keeps open.
@Suite(.timeLimit(.minutes(2)))
struct LeaseStreamTests {
    /// Waits for the condition, or for the loss of the lease, which is an issue.
    private func wait(
        keeping session: EtcdLeaseSession,
        until condition: () -> Bool
    ) async throws {
        while !condition() {
            if case .lost(let reason) = session.state {
                Issue.record("lost: \(reason)")
                return
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test
    func aLeaseThatHoldsUpOthersIsRenewedAside() async throws {
        // Long enough for a busy machine.
        let server = try ScriptedLeases(ttl: 6)
        try await server.withClient { client in
            var sessions: [EtcdLeaseSession] = []
            for _ in 1...10 {
                sessions.append(try await client.openLeaseSession(ttl: .seconds(6)))
            }
            let (culprit, others) = (sessions[0], sessions[1...])
            server.hang(culprit.id)
            // A round takes two seconds: the culprit falls back on calls in each of them.
            try await self.wait(keeping: culprit) { server.calls(for: culprit.id) >= 4 }
            for session in sessions {
                if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
            }
            // The others were held up until that was noticed, and then no more.
            let largest = others.map { server.calls(for: $0.id) }.max()
            #expect(try #require(largest) <= 2)
            for session in sessions { session.abandon() }
        }
    }

    @Test
    func aSeparateSessionIsNotHeldUpAtAll() async throws {
        let server = try ScriptedLeases(ttl: 3)
        try await server.withClient { client in
            let culprit = try await client.openLeaseSession(ttl: .seconds(3))
            let lock = try await client.openLeaseSession(
                ttl: .seconds(3),
                renewalStream: .separate
            )
            server.hang(culprit.id)
            try await self.wait(keeping: culprit) { server.calls(for: culprit.id) >= 3 }
            #expect(server.calls(for: lock.id) == 0)
            #expect(!server.haveShared(culprit.id, lock.id))
            if case .lost(let reason) = lock.state { Issue.record("lost: \(reason)") }
            for session in [culprit, lock] { session.abandon() }
        }
    }

    @Test
    func aServerThatAnswersSlowlyKeepsItsStream() async throws {
        let server = try ScriptedLeases(ttl: 3)
        server.delay(by: .milliseconds(600))
        try await server.withClient { client in
            let session = try await client.openLeaseSession(ttl: .seconds(3))
            try await self.wait(keeping: session) { server.renewals(of: session.id) >= 5 }
            #expect(server.streams(of: session.id) == 1)
            if case .lost(let reason) = session.state { Issue.record("lost: \(reason)") }
            session.abandon()
        }
    }

    @Test
    func whatAnotherClusterSaysOfALeaseIsNotBelieved() async throws {
        let server = try ScriptedLeases(ttl: 3)
        try await server.withClient { client in
            let session = try await client.openLeaseSession(ttl: .seconds(3))
            try await self.wait(keeping: session) { server.renewals(of: session.id) >= 1 }
            _ = client.core.identity.accepts(cluster: 7)
            server.disclaim(as: 8)
            while server.calls(for: session.id) < 3 {
                if case .lost(let reason) = session.state {
                    Issue.record("lost: \(reason)")
                    break
                }
                try await Task.sleep(for: .milliseconds(20))
            }
            session.abandon()
        }
    }

    @Test(arguments: [Int64.max, 9_000_000_001])
    func aTimeToLiveThatNobodyGrantsIsBroughtWithinBounds(_ ttl: Int64) async throws {
        let server = try ScriptedLeases(ttl: ttl)
        try await server.withClient { client in
            let grant = try await client.grantLease(ttl: .seconds(3))
            #expect(grant.ttl == .seconds(9_000_000_000))
            let session = try await client.openLeaseSession(ttl: .seconds(3))
            let diagnostics = await client.diagnostics()
            #expect(diagnostics.description.contains("lease"))
            session.abandon()
        }
    }

    @Test func openingASessionTakesNoLongerThanOneCall() async throws {
        let server = try ScriptedLeases(ttl: 3)
        server.delay(by: .seconds(3))
        server.hangCalls()
        try await server.withClient { client in
            let start = ContinuousClock.now
            let error = await #expect(throws: EtcdError.self) {
                // Granted so late that it is renewed before it is relied on.
                let impatient = client.withRequestTimeout(.seconds(6))
                _ = try await impatient.openLeaseSession(ttl: .seconds(3))
            }
            #expect(error?.code == .deadlineExceeded)
            #expect(ContinuousClock.now - start < .seconds(8.5))
        }
    }
}
