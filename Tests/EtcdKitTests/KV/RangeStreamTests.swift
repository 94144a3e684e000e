// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdWire
import Testing

@testable import EtcdKit

/// Paging on a server that streams ranges, and on others that behave oddly.
@Suite(.timeLimit(.minutes(5)))
struct RangeStreamTests {
    private static func keys(_ numbers: Range<Int>) -> [EtcdBytes] {
        numbers.map { EtcdBytes("k\($0)") }
    }

    private static func read(
        _ client: EtcdClient,
        _ options: EtcdPageOptions = .init()
    ) async throws -> [EtcdPage] {
        var pages: [EtcdPage] = []
        for try await page in client.pages(of: .prefix("k"), options: options) {
            pages.append(page)
        }
        return pages
    }

    /// A server that answers the first page and lets the test go on.
    private func makeServer(
        _ then: @escaping @Sendable (ScriptedKV.Call, ScriptedSession) -> Void
    ) throws -> ScriptedKV {
        try ScriptedKV { call, session in
            if call.request.revision == 0 {
                session.answer(call, .keys(10..<20, more: true))
            } else {
                then(call, session)
            }
        }
    }

    @Test
    func theRestOfARangeComesInOneStream() async throws {
        let server = try self.makeServer { call, session in
            session.begin(call)
            session.send(.keys(20..<30, more: false, hasHeader: false), on: call)
            session.send(.keys(30..<40, more: false, hasHeader: false), on: call)
            session.send(.keys(40..<45, more: false), on: call)
            session.sendStatus(on: call.stream)
        }
        try await server.withClient { client in
            let pages = try await Self.read(client, .init(keysOnly: true))
            #expect(pages.map { $0.keyValues.count } == [10, 10, 10, 5])
            #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<45))
            #expect(pages.allSatisfy { $0.revision == 40 })
            #expect(pages.map(\.isLast) == [false, false, false, true])
        }
        let calls = server.calls
        #expect(calls.map(\.method) == ["Range", "RangeStream"])
        #expect(calls[1].request.key == Array("k19\u{0}".utf8))
        #expect(calls[1].request.rangeEnd == Array("l".utf8))
        #expect(calls[1].request.revision == 40)
        #expect(calls[1].request.limit == 0)
        #expect(calls[1].request.sortOrder == .none)
        #expect(calls[1].request.keysOnly)
        // The revision is given, so that no other member needs to be asked.
        #expect(!calls[0].request.serializable && calls[0].hasLeader)
        #expect(calls[1].request.serializable && !calls[1].hasLeader)
    }

    @Test
    func aPieceWithTooManyKeysBecomesSeveralPages() async throws {
        let server = try self.makeServer { call, session in
            session.begin(call)
            session.send(.keys(20..<45, more: false, hasHeader: false), on: call)
            session.send(.keys(45..<70, more: false), on: call)
            session.sendStatus(on: call.stream)
        }
        try await server.withClient { client in
            let pages = try await Self.read(client, .init(maximumCount: 10))
            #expect(pages.map { $0.keyValues.count } == [10, 10, 10, 5, 10, 10, 5])
            #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<70))
        }
        #expect(server.calls.count == 2)
    }

    @Test
    func aServerWithoutTheStreamIsAskedForItOnce() async throws {
        let server = try self.makeServer { call, session in
            if call.method == "RangeStream" {
                let text = "unknown method RangeStream for service etcdserverpb.KV"
                session.refuse(call.stream, code: 12, message: text)
            } else {
                session.answer(call, .keys(20..<30, more: false))
            }
        }
        try await server.withClient { client in
            for reader in [client, client.withRequestTimeout(.seconds(9)), client] {
                let pages = try await Self.read(reader)
                #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<30))
            }
        }
        let methods = server.calls.map(\.method)
        #expect(methods.filter { $0 == "RangeStream" }.count == 1)
        #expect(methods.filter { $0 == "Range" }.count == 6)
    }

    @Test
    func aBrokenStreamIsContinuedByCallsWhereItEnded() async throws {
        let ends: [@Sendable (ScriptedSession, Int32) -> Void] = [
            {
                $0.settleOrder()
                $0.reset($1, code: 2)
            },
            { $0.sendStatus(14, message: "etcdserver: server stopped", on: $1) },
            // In good order, but before the end of the range.
            { $0.sendStatus(on: $1) },
        ]
        for end in ends {
            let server = try self.makeServer { call, session in
                guard call.method == "RangeStream" else {
                    return session.answer(call, .keys(30..<35, more: false))
                }
                session.begin(call)
                session.send(.keys(20..<30, more: false, hasHeader: false), on: call)
                end(session, call.stream)
            }
            try await server.withClient { client in
                let pages = try await Self.read(client)
                #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<35))
                #expect(pages.last?.isLast == true)
            }
            let last = try #require(server.calls.last)
            #expect(last.request.key == Array("k29\u{0}".utf8))
            #expect(last.request.revision == 40)
        }
    }

    @Test
    func anEndThatWasNotInOrderIsLookedAtAgain() async throws {
        let server = try self.makeServer { call, session in
            guard call.method == "RangeStream" else {
                return session.answer(call, .keys(30..<30, more: false))
            }
            session.begin(call)
            session.send(.keys(20..<30, more: false), on: call)
            let text = "etcdserver: revision of auth store is old"
            session.sendStatus(3, message: text, on: call.stream)
        }
        try await server.withClient { client in
            let pages = try await Self.read(client)
            #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<30))
            #expect(pages.map(\.isLast) == [false, false, true])
        }
        #expect(server.calls.map(\.method) == ["Range", "RangeStream", "Range"])
    }

    @Test
    func aCompactionInTheMiddleOfAStreamIsATypedError() async throws {
        let server = try self.makeServer { call, session in
            session.begin(call)
            session.send(.keys(20..<30, more: false, hasHeader: false), on: call)
            let text = "etcdserver: mvcc: required revision has been compacted"
            session.sendStatus(11, message: text, on: call.stream)
        }
        try await server.withClient { client in
            var found: [EtcdBytes] = []
            let error = await #expect(throws: EtcdError.self) {
                for try await keyValue in client.keyValues(in: .prefix("k")) {
                    found.append(keyValue.key)
                }
            }
            #expect(error?.code == .compacted)
            #expect(error?.message.contains("revision 40") == true)
            #expect(error?.message.contains("20 keys") == true)
            #expect(found == Self.keys(10..<30))
        }
    }

    @Test
    func aMemberThatLagsBehindIsAskedToCatchUp() async throws {
        let server = try self.makeServer { call, session in
            if call.request.serializable {
                let text = "etcdserver: mvcc: required revision is a future revision"
                session.refuse(call.stream, code: 11, message: text)
            } else {
                let isFirst = call.request.key == Array("k19\u{0}".utf8)
                session.answer(
                    call,
                    isFirst ? .keys(20..<30, more: true) : .keys(30..<35, more: false)
                )
            }
        }
        try await server.withClient { client in
            let pages = try await Self.read(client)
            #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<35))
        }
        #expect(server.calls.map(\.method) == ["Range", "RangeStream", "Range", "Range"])
        #expect(server.calls.map(\.request.serializable) == [false, true, false, false])
    }

    @Test
    func anotherClusterCannotGoOnWithTheRevision() async throws {
        let server = try self.makeServer { call, session in
            if call.method == "RangeStream" {
                return session.refuse(call.stream, code: 12, message: "unknown method")
            }
            var response = RangeResponse.keys(20..<30, more: false)
            response.header?.clusterID = 8
            session.answer(call, response)
        }
        try await server.withClient { client in
            let error = await #expect(throws: EtcdError.self) { try await Self.read(client) }
            #expect(error?.code == .clusterChanged)
            #expect(error?.message.contains("another cluster") == true)
        }
    }

    @Test
    func aServerThatPromisesMoreAndBringsNothingIsNotBelieved() async throws {
        let server = try self.makeServer { call, session in
            if call.method == "RangeStream" {
                return session.refuse(call.stream, code: 12, message: "unknown method")
            }
            session.answer(call, .keys(20..<20, more: true))
        }
        try await server.withClient { client in
            var pages: [EtcdPage] = []
            let error = await #expect(throws: EtcdError.self) {
                for try await page in client.pages(of: .prefix("k")) { pages.append(page) }
            }
            #expect(error?.code == .malformedResponse)
            #expect(pages.map(\.isLast) == [false])
        }
    }

    @Test
    func aLastPieceWithoutKeysAndAnEndThatWasNotInOrderIsLookedAtAgain() async throws {
        let server = try self.makeServer { call, session in
            guard call.method == "RangeStream" else {
                return session.answer(call, .keys(20..<25, more: false))
            }
            session.begin(call)
            session.send(.keys(20..<20, more: false), on: call)
            session.sendStatus(14, message: "etcdserver: server stopped", on: call.stream)
        }
        try await server.withClient { client in
            let pages = try await Self.read(client)
            #expect(pages.flatMap { $0.keyValues.map(\.key) } == Self.keys(10..<25))
        }
    }

    @Test
    func anIterationThatIsLetGoResetsTheStream() async throws {
        let server = try self.makeServer { call, session in
            session.begin(call)
            session.send(.keys(20..<30, more: false, hasHeader: false), on: call)
        }
        try await server.withClient { client in
            for try await page in client.pages(of: .prefix("k"))
            where page.keyValues[0].key == "k20" {
                break
            }
            let stream = try #require(server.calls.last?.stream)
            try await server.server.next(.reset(stream: stream, code: 8))
        }
    }

    @Test
    func onePageIsReadAheadAndNoMore() async throws {
        let server = try ScriptedKV { call, session in
            if call.method == "RangeStream" {
                session.refuse(call.stream, code: 12, message: "unknown method")
            } else {
                session.answer(call, .keys(10..<20, more: true))
            }
        }
        func reads() -> Int { server.calls.count { $0.method == "Range" } }
        try await server.withClient { client in
            var iterator = client.pages(of: .prefix("k")).makeAsyncIterator()
            #expect(reads() == 0)
            for page in 1...3 {
                _ = try await iterator.next()
                while reads() < page + 1 { try await Task.sleep(for: .milliseconds(1)) }
            }
            // Whoever reads further has done so by the time of these answers.
            for _ in 0..<10 { _ = try await client.range(.prefix("x")) }
            #expect(reads() == 4 + 10)
        }
    }

    @Test
    func keysOfAStreamLoseThePrefixOfTheView() async throws {
        let server = try self.makeServer { call, session in
            session.begin(call)
            session.send(.keys(20..<30, more: false), on: call)
            session.sendStatus(on: call.stream)
        }
        try await server.withClient { client in
            let view = client.namespaced("k")
            var found: [EtcdBytes] = []
            for try await keyValue in view.keyValues(in: .all) { found.append(keyValue.key) }
            #expect(found == (10..<30).map { EtcdBytes("\($0)") })
        }
        #expect(server.calls[1].request.key == Array("k19\u{0}".utf8))
        #expect(server.calls[1].request.rangeEnd == Array("l".utf8))
    }

    @Test
    func aReadThatOneMemberMayAnswerNeedsNoLeader() async throws {
        let server = try ScriptedKV { call, session in
            session.answer(call, .keys(10..<20, more: false))
        }
        try await server.withClient { client in
            _ = try await Self.read(client, .init(isSerializable: true))
        }
        #expect(server.calls.map(\.request.serializable) == [true])
        #expect(server.calls.map(\.hasLeader) == [false])
    }
}
