// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

@Suite(.computing, .timeLimit(.minutes(5)))
struct TLSDataTests {
    private func establishedPair(
        _ version: TLSServerPeer.Options.Version = .tls1_3
    ) throws -> TLSPair {
        let authority = try TestIdentity.authority()
        let pair = try TLSPair(
            trusting: [authority],
            server: authority.issueServer(),
            .init(versions: version...version)
        )
        try pair.handshake()
        return pair
    }

    @Test(arguments: [TLSServerPeer.Options.Version.tls1_2, .tls1_3])
    func aMebibyteTravelsBothWays(version: TLSServerPeer.Options.Version) throws {
        let pair = try establishedPair(version)
        let sent = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try pair.write(sent)
        try pair.pump(chunk: 65_536)
        #expect(pair.server.read() == sent)
        pair.server.write(sent)
        try pair.pump(chunk: 7_001)
        #expect(pair.received == sent)
    }

    @Test func drainingAppends() throws {
        let pair = try establishedPair()
        try pair.write([1])
        var bytes: [UInt8] = [42]
        pair.client.drainOutgoing(into: &bytes)
        #expect(bytes.first == 42)
        pair.server.receive(Array(bytes.dropFirst()))
        #expect(pair.server.read() == [1])
        let count = bytes.count
        pair.client.drainOutgoing(into: &bytes)
        #expect(bytes.count == count)
    }

    @Test func emptyWritesAndReadsDoNothing() throws {
        let pair = try establishedPair()
        try pair.write([])
        try pair.receive([])
        #expect(pair.drainClient().isEmpty)
        #expect(pair.received.isEmpty)
    }

    @Test func goodbyeOfTheServerEndsReading() throws {
        let pair = try establishedPair()
        pair.server.write([1, 2])
        pair.server.close()
        try pair.pump()
        #expect(pair.received == [1, 2])
        #expect(pair.isClosedByServer)
        try pair.client.receiveEndOfStream()
    }

    @Test func goodbyeOfTheClientReachesTheServer() throws {
        let pair = try establishedPair()
        try pair.write([1, 2])
        pair.client.close()
        pair.client.close()
        try pair.pump()
        #expect(pair.server.read() == [1, 2])
        #expect(pair.server.isClosedByPeer)
    }

    @Test func endWithoutGoodbyeIsTruncation() throws {
        let pair = try establishedPair()
        pair.server.write([1, 2])
        try pair.pump()
        #expect(throws: TLSFailure.truncated) {
            try pair.client.receiveEndOfStream()
        }
    }

    @Test func endWithinTheHandshakeIsTruncation() throws {
        let authority = try TestIdentity.authority()
        let pair = try TLSPair(trusting: [authority], server: authority.issueServer())
        try pair.client.startHandshake()
        #expect(throws: TLSFailure.truncated) {
            try pair.client.receiveEndOfStream()
        }
    }

    @Test func tamperedRecordsAreRefused() throws {
        let pair = try establishedPair()
        pair.server.write([1, 2, 3])
        var record = pair.server.drainOutgoing()
        record[record.count - 1] ^= 1
        #expect(throws: TLSFailure.self) {
            try pair.receive(record)
        }
        #expect(pair.received.isEmpty)
    }

    @Test func writingBeforeTheHandshakeIsRefused() throws {
        let authority = try TestIdentity.authority()
        let pair = try TLSPair(trusting: [authority], server: authority.issueServer())
        #expect(throws: TLSFailure.self) {
            try pair.write([1])
        }
    }

    @Test func connectionsDoNotDisturbEachOther() throws {
        let healthy = try establishedPair()
        let broken = try establishedPair()
        #expect(throws: TLSFailure.self) {
            try broken.receive([23, 3, 3, 0, 1, 0])
        }
        try healthy.write([9])
        healthy.server.write([8])
        try healthy.pump()
        #expect(healthy.server.read() == [9])
        #expect(healthy.received == [8])
    }
}
