// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Synchronization
import Testing

/// One endpoint of three that is not what it should be; the others are in order.
@Suite(.serialized, .hangLimit)
struct HostileEndpointTests {
    /// In which way.
    enum Hostility: Sendable, CustomStringConvertible {
        /// Says this to whoever connects, and perhaps hangs up.
        case greets([UInt8], hangsUp: Bool)
        /// Says this to each request, past HTTP/2.
        case says(HostileBytes)
        /// Does this with each request.
        case answers(String, @Sendable (ScriptedSession, Int32) -> Void)
        /// Begins a frame, and then does nothing more.
        case hangsWithinAFrame
        /// Takes everything and says nothing.
        case ignores

        var description: String {
            switch self {
            case .greets(let bytes, let hangsUp):
                "greets with \(bytes.count) bytes\(hangsUp ? " and hangs up" : "")"
            case .says(let bytes): "says \(bytes)"
            case .answers(let what, _): "answers with \(what)"
            case .hangsWithinAFrame: "hangs within a frame"
            case .ignores: "ignores"
            }
        }
    }

    private static let page = Array("HTTP/1.1 400 Bad Request\r\n\r\n<html>".utf8)

    static let hostilities: [Hostility] =
        [
            .greets([], hangsUp: true),
            .greets([], hangsUp: false),
            .greets(page, hangsUp: false),
            .greets([UInt8](repeating: 0xFF, count: 100_000), hangsUp: false),
            .hangsWithinAFrame,
            .ignores,
            .answers("a page") { session, stream in
                session.sendHeaders(
                    [
                        ScriptedHeader(":status", "502"),
                        ScriptedHeader("content-type", "text/html"),
                    ],
                    on: stream
                )
                session.sendData(Array("<html>".utf8), on: stream, endsStream: true)
            },
            .answers("bytes that are no message") { session, stream in
                session.answer(stream, with: [0xFF, 0xFF, 0xFF])
            },
            .answers("elements without end") { session, stream in
                var pairs: [UInt8] = [0x12, 0]
                while pairs.count < 1 << 20 { pairs += pairs }
                session.answer(stream, with: pairs)
            },
            .answers("two messages") { session, stream in
                session.sendAnswerHeaders(on: stream)
                session.sendMessage([], on: stream)
                session.sendMessage([], on: stream)
                session.sendStatus(on: stream)
            },
            .answers("a compressed message") { session, stream in
                session.sendAnswerHeaders(on: stream)
                session.sendData([1, 0, 0, 0, 1, 0], on: stream)
            },
            .answers("half a message") { session, stream in
                session.sendAnswerHeaders(on: stream)
                session.sendData([0, 0, 0, 0, 9, 1], on: stream)
                session.sendStatus(on: stream)
            },
            .answers("no status") { session, stream in
                session.sendAnswerHeaders(on: stream)
                session.sendData(ScriptedSession.framed([]), on: stream, endsStream: true)
            },
            .answers("a reset") { session, stream in session.reset(stream, code: 2) },
            .answers("a farewell") { session, _ in session.goAway(lastStream: 0) },
        ] + HostileBytes.allCases.map { .says($0) }

    private func server(_ hostility: Hostility, _ contacts: Contacts) throws -> ScriptedServer {
        var options = ScriptedServer.Options()
        if case .greets(let bytes, let hangsUp) = hostility {
            options.behaviour = .greeting(bytes, hangsUp: hangsUp)
        }
        return try ScriptedServer(options) { event, link in
            switch (hostility, event) {
            case (.greets, .connected):
                contacts.count.add(1, ordering: .relaxed)
            case (.says(let bytes), .request(let stream, _)) where stream == 1:
                contacts.count.add(1, ordering: .relaxed)
                link.sendBelow(bytes.bytes)
            case (.hangsWithinAFrame, .request(let stream, _)) where stream == 1:
                contacts.count.add(1, ordering: .relaxed)
                link.sendBelow([0, 0x30, 0, 0xFA, 0, 0, 0, 0, 0, 1, 2])
                link.stopsReading = true
            case (.answers(_, let answer), .endOfStream(let stream)):
                contacts.count.add(1, ordering: .relaxed)
                if let session = link.session { answer(session, stream) }
            case (.ignores, .request):
                contacts.count.add(1, ordering: .relaxed)
            default:
                break
            }
        }
    }

    private final class Contacts: Sendable {
        let count = Atomic(0)
    }

    @Test(arguments: hostilities)
    func callsSucceedThroughout(_ hostility: Hostility) async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let contacts = Contacts()
            let server = try self.server(hostility, contacts)
            defer { server.stop() }
            var configuration = EtcdClient.Configuration(
                endpoints: [
                    "127.0.0.1:\(server.port)", etcd.endpoint, etcd.endpoint(through: proxy),
                ]
            )
            configuration.connectTimeout = .seconds(2)
            // A client begins with any of the three.
            for number in 0..<60 {
                try await withEtcdClient(configuration: configuration) { client in
                    for _ in 0..<5 { _ = try await client.get("a") }
                    try await client.put("a", "\(number)")
                    let value = try await client.get("a")?.value
                    #expect(value?.string == "\(number)")
                    guard contacts.count.load(ordering: .relaxed) > 0 else { return }
                    let watch = try await client.watch(.prefix("a"))
                    try await client.put("a", "again")
                    var batches = watch.makeAsyncIterator()
                    let batch = try await batches.next()
                    #expect(batch?.events.first?.keyValue.value == "again")
                }
                if contacts.count.load(ordering: .relaxed) > 0, number >= 2 { break }
            }
            #expect(contacts.count.load(ordering: .relaxed) > 0)
        }
    }
}
