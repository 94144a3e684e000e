// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTransport
import Synchronization
import Testing

/// Who gets which token, and how often somebody is asked for one.
@Suite(.timeLimit(.minutes(5)))
struct TokenKeeperTests {
    private let user = EtcdClient.Credentials(user: "unit", password: "right")

    /// Gives out tokens when the test says so.
    private final class Desk: Sendable {
        private let asked = Mutex<[CheckedContinuation<String?, any Error>]>([])
        private let total = Mutex(0)

        var count: Int { self.total.withLock { $0 } }

        func fetch() async throws -> String? {
            try await withCheckedThrowingContinuation { continuation in
                self.total.withLock { $0 += 1 }
                self.asked.withLock { $0.append(continuation) }
            }
        }

        /// Answers the oldest request.
        func answer(_ result: Result<String?, any Error>) async throws {
            while true {
                let next = self.asked.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                if let next { return next.resume(with: result) }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    private func metadata(
        _ keeper: TokenKeeper,
        _ desk: Desk,
        within timeout: Duration = .seconds(60)
    ) async throws -> CallMetadata {
        try await keeper.metadata(until: .now + timeout, on: .shared) { _ in
            try await desk.fetch()
        }
    }

    private func refusal(_ text: String) -> EtcdError {
        .server(message: text, status: .unauthenticated, endpoint: nil)
    }

    @Test
    func aHundredCallsAskOnce() async throws {
        let keeper = TokenKeeper(self.user)
        let desk = Desk()
        try await withThrowingTaskGroup(of: UInt64.self) { group in
            for _ in 0..<100 {
                group.addTask { try await self.metadata(keeper, desk).generation }
            }
            try await desk.answer(.success("t.1"))
            for try await generation in group { #expect(generation == 1) }
        }
        #expect(desk.count == 1)
    }

    @Test
    func aCallOutlivesAFailureThatPasses() async throws {
        let keeper = TokenKeeper(self.user)
        let desk = Desk()
        async let generation = self.metadata(keeper, desk).generation
        try await desk.answer(.failure(EtcdError(code: .noLeader, message: "")))
        try await desk.answer(.success("t.1"))
        #expect(try await generation == 1)
    }

    @Test
    func aRefusalIsToldAtOnceAndNotAskedForAgain() async throws {
        // The pause is random and may be next to nothing, but not each time.
        for _ in 0..<50 {
            if try await self.asksAfterARefusal() > 1 { return }
        }
        Issue.record("each refusal was asked for again at once")
    }

    /// How often a token was asked for after a refusal until the server was asked again.
    private func asksAfterARefusal() async throws -> Int {
        let keeper = TokenKeeper(self.user)
        let desk = Desk()
        let first = Task { try await self.metadata(keeper, desk).generation }
        try await desk.answer(.failure(EtcdError(code: .authenticationFailed, message: "")))
        let error = await #expect(throws: EtcdError.self) { _ = try await first.value }
        #expect(error?.code == .authenticationFailed)
        var asks = 0
        for _ in 0..<1000 {
            if desk.count > 1 { break }
            asks += 1
            let again = await #expect(throws: EtcdError.self) {
                // Only who is not refused at once waits, and nobody answers.
                _ = try await self.metadata(keeper, desk, within: .milliseconds(20))
            }
            if desk.count == 1 { #expect(again?.code == .authenticationFailed) }
        }
        return asks
    }

    @Test
    func whoWaitsGetsTheTokenOfTheNewCredentials() async throws {
        let keeper = TokenKeeper(self.user)
        let (old, new) = (Desk(), Desk())
        async let waiting = self.metadata(keeper, old).generation
        while old.count == 0 { try await Task.sleep(for: .milliseconds(1)) }
        let fetch: TokenKeeper.Fetch = { credentials in
            #expect("\(credentials)".contains("other"))
            return try await new.fetch()
        }
        keeper.replaceCredentials(.init(user: "other", password: "right"), fetch: fetch)
        try await old.answer(.success("old.1"))
        #expect(keeper.current == nil)
        try await new.answer(.success("new.1"))
        #expect(try await waiting == 1)
        #expect(old.count == 1)
    }

    @Test
    func aGivenTokenIsUsedAsItIs() async throws {
        let keeper = TokenKeeper(.token("a.b.c"))
        let first = try #require(keeper.current)
        #expect(first.generation == 0)
        #expect(!keeper.canRenew)
        keeper.reject(generation: 0)
        #expect(keeper.current != nil)
        // Nothing gets better by itself, whatever is wrong with it.
        #expect(!keeper.canMend(self.refusal("etcdserver: invalid auth token")))
        #expect(!keeper.canMend(self.refusal("etcdserver: revision of auth store is old")))
        keeper.replaceCredentials(.token("d.e.f")) { _ in nil }
        #expect(keeper.current?.generation == 1)
        keeper.replaceCredentials(nil) { _ in nil }
        #expect(keeper.current?.generation == 2)
    }

    @Test
    func aSimpleTokenOutlivesAChangeOfRolesAndAJWTDoesNot() async throws {
        for (token, survives) in [("abcdefgh.17", true), ("head.body.signature", false)] {
            let keeper = TokenKeeper(self.user)
            _ = try await keeper.metadata(until: .now + .seconds(60), on: .shared) { _ in token }
            keeper.reject(generation: 1, isOutdated: true)
            #expect((keeper.current != nil) == survives)
            keeper.reject(generation: 1)
            #expect(keeper.current == nil)
        }
    }

    @Test
    func usersByCertificateAreRepeatedWhenAChangeOvertookThem() {
        let keeper = TokenKeeper(nil)
        #expect(keeper.canMend(self.refusal("etcdserver: revision of auth store is old")))
        #expect(!keeper.canMend(self.refusal("etcdserver: user name is empty")))
    }
}
