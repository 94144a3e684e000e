// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct MessageLimitTests {
    @Test func tooLargeRequestsAreNotSent() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.answer(stream, with: [])
            }
        }
        let connection = try await server.connect { $0.maximumSendMessageSize = 100 }
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call([UInt8](repeating: 0, count: 101))
        }
        guard case .messageTooLarge(size: 101, limit: 100, outgoing: true) = failure.reason else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(failure.isProvenUnprocessed)
        #expect(try await connection.call([UInt8](repeating: 0, count: 100)) == [])
        try await server.next { if case .request(1, _) = $0 { true } else { false } }
    }

    @Test func tooLargeAnswersAreRefusedByTheirPrefix() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.sendAnswerHeaders(on: stream)
                // Says 101 bytes, and sends none.
                link.session?.sendData([0, 0, 0, 0, 101], on: stream)
            }
        }
        let connection = try await server.connect { $0.maximumReceiveMessageSize = 100 }
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        guard case .messageTooLarge(size: 101, limit: 100, outgoing: false) = failure.reason else {
            Issue.record("unexpected: \(failure)")
            return
        }
        #expect(!failure.isProvenUnprocessed)
        try await server.next(.reset(stream: 1, code: 8))
        #expect(connection.isUsable)
    }

    @Test func theLargestAnswersAreTaken() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.answer(stream, with: [UInt8](repeating: 7, count: 100))
            }
        }
        let connection = try await server.connect { $0.maximumReceiveMessageSize = 100 }
        defer { connection.close() }
        #expect(try await connection.call().count == 100)
    }

    @Test func lengthsOfFourGigabytesDoNotTakeMemory() async throws {
        let server = try ScriptedServer { event, link in
            if case .endOfStream(let stream) = event {
                link.session?.sendAnswerHeaders(on: stream)
                link.session?.sendData([0, 255, 255, 255, 255, 1], on: stream)
            }
        }
        let connection = try await server.connect()
        defer { connection.close() }
        let failure = try await #require(throws: CallFailure.self) {
            try await connection.call()
        }
        guard case .messageTooLarge(size: 0xFFFF_FFFF, _, outgoing: false) = failure.reason else {
            Issue.record("unexpected: \(failure)")
            return
        }
    }
}
