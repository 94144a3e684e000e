// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitNGHTTP2
import EtcdTestSupport
import Testing

@testable import EtcdTransport

/// The client's session and a server's, joined by nothing but arrays.
@Suite(.timeLimit(.minutes(5)))
struct HTTP2SessionTests {
    /// Notes what the session calls, and sends one body.
    private final class NotingStream: HTTP2Stream {
        var body: [UInt8] = []
        var notes: [String] = []

        override func received(headerName: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
            let name = unsafe String(decoding: headerName, as: UTF8.self)
            let text = unsafe String(decoding: value, as: UTF8.self)
            notes.append("\(name): \(text)")
        }

        override func receivedHeadersEnd(isStreamEnd: Bool) {
            notes.append(isStreamEnd ? "last headers" : "headers")
        }

        override func received(data: UnsafeRawBufferPointer) {
            notes.append("\(data.count) bytes")
        }

        override func receivedDataEnd() {
            notes.append("end of data")
        }

        override func closed(errorCode: UInt32) {
            notes.append("closed \(errorCode)")
        }

        override func fill(_ buffer: UnsafeMutableRawBufferPointer) -> HTTP2BodyChunk {
            let count = min(body.count, buffer.count)
            unsafe buffer.copyBytes(from: body.prefix(count))
            body.removeFirst(count)
            return body.isEmpty ? .end(count) : .bytes(count)
        }
    }

    private let client = HTTP2Session()
    private let headers = HTTP2Headers([
        (":method", "POST"), (":scheme", "http"), (":path", "/a/b"), (":authority", "c"),
    ])

    /// Carries bytes both ways until neither side has any, in pieces of at most `chunk` bytes.
    private func pump(_ server: ScriptedSession, chunk: Int = .max) throws {
        while true {
            var isQuiet = true
            while let bytes = try unsafe client.nextOutput() {
                isQuiet = false
                for piece in unsafe Array(bytes).pieces(of: chunk) {
                    server.receive(piece)
                }
            }
            for piece in server.drainOutgoing().pieces(of: chunk) {
                isQuiet = false
                try unsafe piece.withUnsafeBytes { try unsafe client.receive($0) }
            }
            if isQuiet {
                return
            }
        }
    }

    /// The peer goes on until it learns of the reset: none of that is a flood, whether or not the
    /// RST_STREAM has left.
    @Test(arguments: [false, true])
    func whatComesOnAStreamThatWasResetIsExcused(hasLeft: Bool) throws {
        let server = ScriptedSession()
        try pump(server)
        let stream = NotingStream()
        #expect(client.submit(stream, headers: headers))
        try pump(server)
        server.sendAnswerHeaders(on: stream.id)
        try pump(server)
        server.sendMessage([UInt8](repeating: 1, count: 3 << 20), on: stream.id)
        let late = server.drainOutgoing()
        #expect(late.count > 3 << 20)
        client.reset(stream, errorCode: NGHTTP2_CANCEL)
        if hasLeft {
            while try unsafe client.nextOutput() != nil {}
        }
        for piece in late.pieces(of: 16_384) {
            try unsafe piece.withUnsafeBytes { try unsafe client.receive($0) }
            #expect(client.fruitlessByteCount == 0)
        }
        #expect(!stream.notes.contains { $0.hasSuffix("bytes") })
    }

    @Test(arguments: [1, 7, 1_000, Int.max])
    func requestAndAnswerSurviveAnyChunking(chunk: Int) throws {
        let server = ScriptedSession()
        try pump(server, chunk: chunk)
        #expect(client.takeEvents().receivedSettings)
        let stream = NotingStream()
        stream.body = [1, 2, 3]
        #expect(client.submit(stream, headers: headers))
        try pump(server, chunk: chunk)
        #expect(stream.wasSent)
        let events = server.takeEvents()
        #expect(events.contains(.endOfStream(1)))
        #expect(
            events.contains(
                .request(
                    stream: 1,
                    headers: [
                        ScriptedHeader(":method", "POST"), ScriptedHeader(":scheme", "http"),
                        ScriptedHeader(":path", "/a/b"), ScriptedHeader(":authority", "c"),
                    ]
                )
            )
        )
        server.answer(1, with: [9, 9])
        try pump(server, chunk: chunk)
        #expect(
            stream.notes.prefix(3) == [":status: 200", "content-type: application/grpc", "headers"]
        )
        #expect(
            stream.notes.suffix(4) == [
                "grpc-status: 0", "grpc-message: ", "last headers", "closed 0",
            ]
        )
        #expect(!client.hasOpenStreams)
    }

    @Test func theWindowsAreLarge() throws {
        let server = ScriptedSession()
        try pump(server)
        let increments = server.takeEvents().compactMap { event -> Int? in
            if case .windowUpdate(0, let increment) = event { increment } else { nil }
        }
        #expect(increments.reduce(65_535, +) == Int(HTTP2Session.connectionWindow))
    }

    @Test func nothingIsCalledAfterAReset() throws {
        let server = ScriptedSession()
        let stream = NotingStream()
        #expect(client.submit(stream, headers: headers))
        try pump(server)
        server.sendAnswerHeaders(on: 1)
        client.reset(stream, errorCode: NGHTTP2_CANCEL)
        try pump(server)
        #expect(stream.notes.isEmpty)
        #expect(server.takeEvents().contains(.reset(stream: 1, code: 8)))
        #expect(!client.hasOpenStreams)
    }

    @Test func streamsThatWereNotSentAreResetInSilence() throws {
        let server = ScriptedSession()
        try pump(server)
        let stream = NotingStream()
        #expect(client.submit(stream, headers: headers))
        client.reset(stream, errorCode: NGHTTP2_CANCEL)
        _ = server.takeEvents()
        try pump(server)
        #expect(!stream.wasSent)
        #expect(server.takeEvents().isEmpty)
    }

    @Test func thePeersMistakeIsNamed() throws {
        let server = ScriptedSession()
        try pump(server)
        #expect(client.violation == nil)
        // DATA on a stream that nobody opened.
        server.sendRaw([0, 0, 1, 0, 0, 0, 0, 0, 9, 1])
        try pump(server)
        #expect(client.isFinished)
        #expect(client.violation?.isEmpty == false)
    }

    @Test func goAwayIsToldBeforeTheStreamsThatItEnds() throws {
        let server = ScriptedSession()
        let stream = NotingStream()
        #expect(client.submit(stream, headers: headers))
        try pump(server)
        client.onGoAway = { stream.notes.append("going away") }
        server.goAway(lastStream: 0, code: 0, message: "moving")
        try pump(server)
        #expect(stream.notes == ["going away", "closed 7"])
        let goAway = client.takeEvents().goAway
        #expect(goAway?.errorCode == 0)
        #expect(goAway?.message == "moving")
    }
}
