// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

/// Peers that say too much, or what nobody may say, while a call is running.
@Suite(.timeLimit(.minutes(5)))
struct FloodTests {
    @Test(arguments: HostileBytes.allCases)
    func theConnectionEnds(_ hostile: HostileBytes) async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        let bytes = hostile.bytes
        server.perform { $0.sendBelow(bytes) }
        var failure: CallFailure?
        while true {
            guard case .closed(let reason) = try await call.next() else { continue }
            failure = reason
            break
        }
        if hostile == .endlessInterimHeaders, failure?.malformation != nil {
            // The call was given up first. What may still come on its stream is no flood, so the
            // connection follows only when that much has come, and more. Of a kind that nobody knows,
            // and in large pieces: the loop has others to serve.
            let unknown = frame(type: 0x20, [UInt8](repeating: 0, count: 16_000))
            for _ in 0..<330 { server.perform { $0.sendBelow(unknown) } }
        } else if case .protocolViolation = failure?.connectionFailure {
            #expect(failure?.isProvenUnprocessed == false)
        } else {
            Issue.record("unexpected: \(String(describing: failure))")
        }
        try await server.next(.disconnected)
    }

    /// What servers do now and then is no flood, however often.
    @Test func framesBetweenAnswersAreNoFlood() async throws {
        let ping = frame(type: 6, [UInt8](repeating: 1, count: 8))
        let some = Array([[UInt8]](repeating: ping, count: 500).joined())
        let server = try ScriptedServer { event, link in
            guard case .endOfStream(let stream) = event else { return }
            // Nobody answers the acknowledgements.
            link.session?.sendRaw(some)
            link.session?.answer(stream, with: [1])
        }
        let connection = try await server.connect()
        defer { connection.close() }
        for _ in 0..<200 {
            let answer = try await connection.call()
            #expect(answer == [1])
        }
    }

    @Test func manyInterimHeadersEndTheCallOnly() async throws {
        let interim = frame(type: 1, flags: 4, stream: 1, [8, 3] + Array("103".utf8))
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        var call = connection.open()
        _ = try await server.nextRequest()
        let some = Array([[UInt8]](repeating: interim, count: 100).joined())
        server.perform { $0.session?.sendRaw(some) }
        #expect(try await call.end()?.malformation == "endless interim headers")
        async let answer = connection.call()
        try await server.next(.endOfStream(3))
        server.perform { $0.session?.answer(3, with: [7]) }
        let message = try await answer
        #expect(message == [7])
    }

    /// A peer that stops in the middle of a frame, and answers no PING.
    @Test func hangingWithinAFrameEndsTheConnection() async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect {
            $0.keepAliveInterval = .milliseconds(200)
            $0.keepAliveTimeout = .milliseconds(200)
        }
        var call = connection.open()
        _ = try await server.nextRequest()
        server.perform {
            $0.sendBelow([0, 0x30, 0, 0xFA, 0, 0, 0, 0, 0, 1, 2])
            $0.stopsReading = true
        }
        #expect(try await call.end()?.connectionFailure == .keepAliveTimeout)
    }

    @Test(arguments: [
        frame(type: 1, flags: 5, stream: 1, [0x88]), frame(type: 0, flags: 1, stream: 1, [1, 2]),
    ])
    func whatComesAfterTheTrailersHarmsNobody(_ late: [UInt8]) async throws {
        let server = try ScriptedServer()
        let connection = try await server.connect()
        defer { connection.close() }
        async let answer = connection.call()
        try await server.next(.endOfStream(1))
        server.perform {
            $0.session?.answer(1, with: [1])
            $0.sendBelow(late)
        }
        let message = try await answer
        #expect(message == [1])
        async let next = connection.call()
        try await server.next(.endOfStream(3))
        server.perform { $0.session?.answer(3, with: [2]) }
        let second = try await next
        #expect(second == [2])
    }
}
