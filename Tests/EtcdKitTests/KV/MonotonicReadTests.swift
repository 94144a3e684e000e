// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Synchronization
import Testing

@testable import EtcdKit

/// Answers that lie before earlier ones.
struct MonotonicReadTests {
    /// A server that answers reads with these revisions, one after the other.
    private func server(_ revisions: Int64...) throws -> ScriptedKV {
        let left = RevisionList(revisions)
        return try ScriptedKV { call, session in
            let header = ResponseHeader(clusterID: 7, memberID: 1, revision: left.next())
            session.answer(call, RangeResponse(header: header))
        }
    }

    @Test func aReadOfOneMemberThatIsBehindIsMadeWithAll() async throws {
        let server = try self.server(50, 40, 51)
        try await server.withClient { client in
            _ = try await client.get("a")
            let late = try await client.range(.key("a"), options: .init(isSerializable: true))
            #expect(late.header.revision == 51)
            #expect(server.calls.map(\.request.serializable) == [false, true, false])
            #expect(server.calls.map(\.hasLeader) == [true, false, true])
            #expect(client.core.identity.storeEpoch == 0)
        }
    }

    @Test func aReadOfOneMemberThatIsNotBehindIsTaken() async throws {
        let server = try self.server(50, 50, 60)
        try await server.withClient { client in
            _ = try await client.get("a")
            _ = try await client.get("a", isSerializable: true)
            let page = try await client.range(.key("a"), options: .init(isSerializable: true))
            #expect(page.header.revision == 60)
            #expect(server.calls.count == 3)
        }
    }

    @Test func aReadAtARevisionMayComeFromAMemberThatIsBehind() async throws {
        let server = try self.server(50, 40)
        try await server.withClient { client in
            _ = try await client.get("a")
            _ = try await client.get("a", revision: 30, isSerializable: true)
            #expect(server.calls.count == 2)
        }
    }

    @Test func aMemberThatLacksARevisionSeenElsewhereIsNotTheLastWord() async throws {
        let counter = RevisionList([50, 0, 50])
        let server = try ScriptedKV { call, session in
            let revision = counter.next()
            guard revision > 0 else {
                return session.refuse(
                    call.stream,
                    code: 11,
                    message: "etcdserver: mvcc: required revision is a future revision"
                )
            }
            let header = ResponseHeader(clusterID: 7, memberID: 1, revision: revision)
            session.answer(call, RangeResponse(header: header))
        }
        try await server.withClient { client in
            _ = try await client.get("a")
            let read = try await client.range(
                .key("a"),
                options: .init(revision: 50, isSerializable: true)
            )
            #expect(read.header.revision == 50)
            #expect(server.calls.map(\.request.serializable) == [false, true, false])
        }
    }

    @Test func oneAnswerFromThePastIsAskedForAgain() async throws {
        let server = try self.server(50, 40, 51)
        try await server.withClient { client in
            _ = try await client.get("a")
            let read = try await client.range(.key("a"))
            #expect(read.header.revision == 51)
            #expect(client.core.identity.storeEpoch == 0)
        }
    }

    @Test func twoAnswersFromThePastMeanThatTheStoreWentBack() async throws {
        let server = try self.server(50, 40, 40, 41)
        try await server.withClient { client in
            _ = try await client.get("a")
            let read = try await client.range(.key("a"))
            #expect(read.header.revision == 40)
            #expect(client.core.identity.storeEpoch == 1)
            // From then on that is the present.
            _ = try await client.get("a", isSerializable: true)
            #expect(server.calls.count == 4)
            #expect(client.core.identity.storeEpoch == 1)
        }
    }

    @Test func whatAnotherCallLearnedMeanwhileProvesNothing() async throws {
        // The first read is answered after the second one, which was sent later.
        let held = Mutex<ScriptedKV.Call?>(nil)
        let server = try ScriptedKV { call, session in
            func answer(_ call: ScriptedKV.Call, _ revision: Int64) {
                let header = ResponseHeader(clusterID: 7, memberID: 1, revision: revision)
                session.answer(call, RangeResponse(header: header))
            }
            let first = held.withLock { held -> ScriptedKV.Call? in
                if let first = held { return first }
                held = call
                return nil
            }
            guard let first else { return }
            answer(call, 60)
            answer(first, 40)
        }
        try await server.withClient { client in
            async let one = client.range(.key("a"))
            while server.calls.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            let two = try await client.range(.key("b"))
            #expect(two.header.revision == 60)
            #expect(try await one.header.revision == 40)
            #expect(server.calls.count == 2 && client.core.identity.storeEpoch == 0)
        }
    }
}

/// Hands out numbers in order.
private final class RevisionList: Sendable {
    private let left: Mutex<[Int64]>

    init(_ revisions: [Int64]) {
        self.left = Mutex(revisions.reversed())
    }

    func next() -> Int64 {
        self.left.withLock { $0.popLast() ?? 0 }
    }
}
