// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Testing

@testable import EtcdKit

/// Requests for progress to servers that play new ones, and to others that must not be asked.
@Suite(.timeLimit(.minutes(3)))
struct ProgressRequestTests {
    @Test
    func aNewServerIsAskedAndItsAnswerReachesTheOneWhoAsked() async throws {
        let server = try ScriptedWatch(.init(version: "3.6.0")) { question in
            let revision = Int64(question.number) * 10 + 10
            question.answer(.progress(-1, at: revision), .events(2, revision + 1))
        }
        try await server.withClient { client in
            let asking = try await client.watch(.key("a"), options: .init(startRevision: 3))
            let other = try await client.watch(
                .key("b"),
                options: .init(progressNotifications: true)
            )
            var answers = asking.makeAsyncIterator()
            var events = other.makeAsyncIterator()
            for revision: EtcdRevision in [20, 30] {
                try await asking.requestProgress()
                let answer = try #require(try await answers.next())
                #expect(answer.kind == .progress)
                #expect(answer.events.isEmpty)
                #expect(answer.revision == revision)
                let event = try #require(try await events.next())
                #expect(event.kind == .events)
                #expect(event.revision == revision.next)
            }
            // One question for the version is enough for one stream, whoever asks on it.
            try await other.requestProgress()
            #expect(try await events.next()?.kind == .progress)
        }
        #expect(server.questions == 3)
        // One for the version, and one to see that the member's own connection leads to the cluster.
        #expect(server.statuses == 2)
    }

    @Test(arguments: ["3.4.24", "3.5.7", "3.6.0-rc.0", "unknown", ""])
    func aServerThatMayBeTooOldIsNotAsked(_ version: String) async throws {
        let server = try ScriptedWatch(.init(version: version))
        try await server.withClient { client in
            let watch = try await client.watch(.key("a"))
            for _ in 1...2 {
                let error = await #expect(throws: EtcdError.self) {
                    try await watch.requestProgress()
                }
                #expect(error?.code == .unsupported)
                #expect(error?.message.contains("needs etcd 3.4.25, 3.5.8, 3.6.0") == true)
                #expect(error?.message.contains(version) == true || version.isEmpty)
            }
            // What was sent before has arrived when this is acknowledged.
            _ = try await client.watch(.key("b"))
            #expect(server.creations == 2)
        }
        #expect(server.questions == 0)
        // One for the version, and one to see that the member's own connection leads to the cluster.
        #expect(server.statuses == 2)
    }

    @Test
    func theVersionOfAnotherMemberSaysNothing() async throws {
        let server = try ScriptedWatch(.init(version: "3.6.0", member: 2))
        try await server.withClient { client in
            let watch = try await client.watch(.key("a"))
            let error = await #expect(throws: EtcdError.self) {
                try await watch.requestProgress()
            }
            #expect(error?.code == .unsupported)
            #expect(error?.message.contains("several members") == true)
            _ = try await client.watch(.key("b"))
        }
        #expect(server.questions == 0)
    }

    @Test
    func aServerThatDoesNotTellItsVersionIsNotAsked() async throws {
        let server = try ScriptedWatch(.init(version: nil))
        try await server.withClient { client in
            let hasty = client.withRequestTimeout(.seconds(12))
            let watch = try await hasty.watch(.key("a"))
            let error = await #expect(throws: EtcdError.self) {
                try await watch.requestProgress()
            }
            #expect(error?.isRetryable == true)
            _ = try await client.watch(.key("b"))
        }
        #expect(server.questions == 0)
        #expect(server.statuses >= 1)
    }

    @Test
    func anotherStreamIsAnotherMatter() async throws {
        let server = try ScriptedWatch(.init(version: "3.6.0")) { question in
            if question.number == 1 {
                question.link.abort()
            } else {
                question.answer(.progress(-1, at: 30))
            }
        }
        try await server.withClient { client in
            let watch = try await client.watch(.key("a"), options: .init(reportsResumption: true))
            var batches = watch.makeAsyncIterator()
            try await watch.requestProgress()
            #expect(try await batches.next()?.kind == .resumed)
            // A request that was repeated would have come before this.
            _ = try await client.watch(.key("b"))
            #expect(server.questions == 1)
            // One for the version, and one on each new connection, the member's own and the one
            // for the stream, to see that it leads to the same cluster.
            #expect(server.statuses == 3)
            try await watch.requestProgress()
            #expect(try await batches.next()?.kind == .progress)
            #expect(server.questions == 2)
            #expect(server.statuses == 4)
        }
    }

    @Test
    func aWatchThatNoServerServesSaysSo() async throws {
        let server = try ScriptedWatch(.init(version: "3.6.0", acknowledgements: 1)) {
            $0.link.abort()
        }
        try await server.withClient { client in
            let watch = try await client.watch(.key("a"))
            try await watch.requestProgress()
            while server.creations < 2 { try await Task.sleep(for: .milliseconds(1)) }
            let error = await #expect(throws: EtcdError.self) {
                try await watch.requestProgress()
            }
            #expect(error?.code == .unavailable)
            #expect(error?.isRetryable == true)
        }
    }

    @Test
    func aWatchThatIsOverCannotAsk() async throws {
        let server = try ScriptedWatch(.init(version: "3.6.0"))
        try await server.withClient { client in
            let cancelled = try await client.watch(.key("a"))
            let watch = try await client.watch(.key("b"))
            cancelled.cancel()
            let error = await #expect(throws: EtcdError.self) {
                try await cancelled.requestProgress()
            }
            #expect(error?.code == .watchCancelled)
            await client.shutdown()
            let closed = await #expect(throws: EtcdError.self) { try await watch.requestProgress() }
            #expect(closed?.code == .closed)
        }
        #expect(server.questions == 0)
    }
}
