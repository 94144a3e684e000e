// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct UnaryCallTests {
    /// Answers every request with what it said.
    private static let echo: ScriptedServer.Reaction = { event, link in
        switch event {
        case .request(let stream, _):
            link.session?.sendAnswerHeaders(on: stream)
        case .data(let stream, let bytes):
            link.session?.sendData(bytes, on: stream)
        case .endOfStream(let stream):
            link.session?.sendStatus(on: stream)
        default:
            break
        }
    }

    @Test func theAnswerIsTheMessageWithoutItsPrefix() async throws {
        let server = try ScriptedServer(reaction: Self.echo)
        let connection = try await server.connect()
        defer { connection.close() }
        #expect(connection.isUsable)
        #expect(try await connection.call([1, 2, 3]) == [1, 2, 3])
        #expect(try await connection.call([]) == [])
    }

    @Test func requestsCarryTheHeadersOfGRPC() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect { $0.userAgent = "tester" }
        defer { connection.close() }
        let metadata = GRPCMetadata([("token", "abc"), ("hasleader", "true")])
        async let answer = connection.unary(
            method,
            framed: [0, 0, 0, 0, 0, 7],
            metadata: metadata,
            deadline: nil
        )
        let (stream, headers) = try await server.nextRequest()
        #expect(stream == 1)
        #expect(
            headers == [
                ScriptedHeader(":method", "POST"), ScriptedHeader(":scheme", "http"),
                ScriptedHeader(":path", "/test.Service/Method"),
                ScriptedHeader(":authority", "127.0.0.1:\(server.port)"),
                ScriptedHeader("te", "trailers"),
                ScriptedHeader("content-type", "application/grpc"),
                ScriptedHeader("user-agent", "tester"), ScriptedHeader("token", "abc"),
                ScriptedHeader("hasleader", "true"),
            ]
        )
        try await server.next(.data(stream: 1, bytes: [0, 0, 0, 0, 1, 7]))
        try await server.next(.endOfStream(1))
        server.perform { $0.session?.answer(1, with: [8]) }
        let message = try await answer
        #expect(message == [8])
    }

    @Test func manyCallsShareTheConnection() async throws {
        let server = try ScriptedServer(reaction: Self.echo)
        let connection = try await server.connect()
        defer { connection.close() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let message = [UInt8](repeating: UInt8(number), count: number * 31)
                    let answer = try await connection.call(message)
                    #expect(answer == message)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func answersArriveInPiecesOfOneByte() async throws {
        let server = try ScriptedServer(.init(chunk: 1), reaction: Self.echo)
        let connection = try await server.connect()
        defer { connection.close() }
        let message = [UInt8](0..<200)
        #expect(try await connection.call(message) == message)
    }

    @Test func messagesAreJoinedFromManyFrames() async throws {
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else {
                return
            }
            link.session?.sendAnswerHeaders(on: stream)
            for byte in ScriptedSession.framed([1, 2, 3]) {
                link.session?.sendData([byte], on: stream)
                link.session?.sendData([], on: stream)
            }
            link.session?.sendStatus(on: stream)
        }
        let connection = try await server.connect()
        defer { connection.close() }
        #expect(try await connection.call() == [1, 2, 3])
    }

    @Test func aStatusInHeadersAloneIsTheServersAnswer() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.refuse(stream, code: 7, message: "etcdserver: permission denied")
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(
            failure.status
                == GRPCStatus(code: .permissionDenied, message: "etcdserver: permission denied")
        )
        #expect(!failure.isProvenUnprocessed)
    }

    @Test func aStatusInTrailersIsTheServersAnswer() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.sendAnswerHeaders(on: stream)
                link.session?.sendMessage([1], on: stream)
                link.session?.sendStatus(14, message: "no leader", on: stream)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.status == GRPCStatus(code: .unavailable, message: "no leader"))
    }

    @Test(arguments: [
        ("a%20b%0A%E2%9C%93", "a b\n✓"), ("100%", "100%"), ("%zz%4", "%zz%4"), ("", ""),
        ("%FF", "\u{FFFD}"),
    ])
    func messagesOfTheStatusArePercentDecoded(sent: String, seen: String) async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.refuse(stream, code: 3, message: sent)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.status == GRPCStatus(code: .invalidArgument, message: seen))
    }

    @Test(arguments: [("99", 99), ("x", 2), ("-1", 2), ("", 2), ("99999999999999999999", 2)])
    func strangeStatusCodesDoNotPassForSuccess(sent: String, code: Int) async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.sendHeaders(
                    ScriptedSession.answerHeaders + [ScriptedHeader("grpc-status", sent)],
                    on: stream,
                    endsStream: true
                )
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        #expect(failure.status?.code.rawValue == code)
    }

    @Test func theAnswerMayComeBeforeTheRequestHasEnded() async throws {
        // The server wants nothing of a request that is larger than its window.
        let server = try ScriptedServer(
            .init(.http2(.init(initialWindowSize: 16, updatesWindows: false)))
        ) { event, link in
            if case .request(let stream, _) = event {
                link.session?.refuse(stream, code: 8, message: "too much")
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        try await server.next(.settingsAcknowledged)
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call([UInt8](repeating: 1, count: 100_000))
        }
        #expect(failure.status?.code == .resourceExhausted)
        try await server.next(.reset(stream: 1, code: 0))
    }
}
