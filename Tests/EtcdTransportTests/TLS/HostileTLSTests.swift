// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Logging
import Testing

/// Servers that break the rules of TLS.
@Suite(.computing, .timeLimit(.minutes(5)))
struct HostileTLSTests {
    let authority: TestIdentity
    let server: TestIdentity

    init() throws {
        authority = try .authority()
        server = try authority.issueServer()
    }

    private func pair(_ version: TLSServerPeer.Options.Version) throws -> TLSPair {
        try TLSPair(trusting: [authority], server: server, .init(versions: version...version))
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func whateverIsDamagedInTheHandshakeEndsIt(version: TLSServerPeer.Options.Version) throws {
        var random = SeededGenerator()
        var survived = 0
        for _ in 0..<200 {
            let pair = try pair(version)
            try pair.client.startHandshake()
            pair.server.receive(pair.drainClient())
            var flight = pair.server.drainOutgoing()
            let index = Int.random(in: flight.indices, using: &random)
            flight[index] ^= UInt8.random(in: 1...255, using: &random)
            do throws(TLSFailure) {
                // What stays unfinished, as with a length that is too large, ends by time.
                try pair.receive(flight)
                try pair.pump()
            } catch {
                continue
            }
            guard pair.client.isEstablished else { continue }
            // Only what frames the messages is not covered by their sum.
            survived += 1
            try pair.write([1])
            try pair.pump()
            #expect(pair.server.read() == [1], "seed \(random.seed), byte \(index)")
        }
        #expect(survived < 40, "seed \(random.seed)")
    }

    /// Records of no use, over and over.
    static let floods: [(name: String, record: [UInt8])] = [
        ("a record longer than any may be", [22, 3, 3, 0xFF, 0xFF]),
        ("a message of 16 MiB", [22, 3, 3, 0, 4, 2, 0xFF, 0xFF, 0xFF]),
        ("warnings", [21, 3, 3, 0, 2, 1, 100]),
        ("empty records", [22, 3, 3, 0, 0]),
        ("an unknown type", [22, 3, 3, 0, 0, 99, 3, 3, 0, 1, 0]),
        ("data before the end of the handshake", [21, 3, 3, 0, 2, 1, 100, 23, 3, 3, 0, 1, 0]),
    ]

    @Test(arguments: floods)
    func endlessNonsenseIsNotListenedTo(flood: (name: String, record: [UInt8])) throws {
        let pair = try pair(.tls1_3)
        try pair.client.startHandshake()
        var received = 0
        var failure: TLSFailure?
        while failure == nil, received < 64 << 10 {
            do throws(TLSFailure) {
                try pair.receive(flood.record)
                received += flood.record.count
            } catch {
                failure = error
            }
        }
        #expect(failure != nil, "\(flood.name)")
        // At most a goodbye is said to all of that.
        #expect(pair.drainClient().count < 2048)
    }

    @Test func aSecondHandshakeIsNotBegun() throws {
        let pair = try pair(.tls1_2)
        try pair.handshake()
        try pair.write([1])
        try pair.pump()
        #expect(pair.server.read() == [1])
        pair.server.requestRenegotiation()
        try pair.pump()
        _ = pair.server.read()
        #expect(pair.server.failure?.contains("no renegotiation") == true)
        // The client is where it was.
        try pair.write([2])
        #expect(pair.client.isEstablished)
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func anEndWithoutGoodbyeEndsTheCallsAndIsNoAnswer(
        version: TLSServerPeer.Options.Version
    ) async throws {
        let server = try ScriptedServer(
            .init(identity: self.server, tls: .init(versions: version...version))
        ) { event, link in
            guard case .request(let stream, _) = event else { return }
            link.session?.sendAnswerHeaders(on: stream)
            link.session?.sendMessage([1, 2, 3], on: stream)
        }
        let proxy = try FaultProxy(to: server.port)
        defer { proxy.close() }
        var configuration = ConnectionConfiguration(logger: LogCapture().logger)
        configuration.tls = try TLSContext(
            TLSConfiguration(certificateAuthorities: .pem(Array(authority.certificate.utf8)))
        )
        let connection = try Connection(
            endpoint: Endpoint(parsing: "127.0.0.1:\(proxy.port)", tlsByDefault: true),
            configuration: configuration,
            loop: .shared
        )
        try await connection.connect()
        var call = connection.open()
        try await call.expectOpened()
        proxy.cut()
        var failure: CallFailure?
        while true {
            guard case .closed(let reason) = try await call.next() else { continue }
            failure = reason
            break
        }
        #expect(failure != nil)
        switch failure?.connectionFailure {
        case .closedByPeer, .socket: break
        default: Issue.record("unexpected: \(String(describing: failure))")
        }
        #expect(failure?.isProvenUnprocessed == false)
    }
}
