// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport

/// A client and a server, joined by nothing but arrays.
final class TLSPair {
    let client: TLSConnection
    let server: TLSServerPeer
    /// What the client has decrypted.
    private(set) var received: [UInt8] = []
    /// The server has said goodbye.
    private(set) var isClosedByServer = false

    init(
        trusting authorities: [TestIdentity],
        as identity: TestIdentity? = nil,
        name: String = "localhost",
        isIPAddress: Bool = false,
        server: TestIdentity,
        _ options: TLSServerPeer.Options = .init()
    ) throws {
        let configuration = TLSConfiguration(
            certificateAuthorities: .pem(Array(authorities.map(\.certificate).joined().utf8)),
            certificateChain: identity.map { .pem(Array($0.certificate.utf8)) },
            privateKey: identity.map { .pem(Array($0.key.utf8)) }
        )
        client = try TLSConnection(
            context: TLSContext(configuration),
            serverName: name,
            isIPAddress: isIPAddress
        )
        self.server = try TLSServerPeer(server, options)
    }

    /// Shakes hands, in pieces of at most `chunk` bytes.
    func handshake(chunk: Int = .max) throws(TLSFailure) {
        try client.startHandshake()
        try pump(chunk: chunk)
    }

    /// Carries bytes both ways until neither side has any left.
    func pump(chunk: Int = .max) throws(TLSFailure) {
        while true {
            let toServer = drainClient()
            for piece in toServer.pieces(of: chunk) {
                server.receive(piece)
            }
            let toClient = server.drainOutgoing()
            for piece in toClient.pieces(of: chunk) {
                try receive(piece)
            }
            if toServer.isEmpty, toClient.isEmpty {
                return
            }
        }
    }

    /// What the client has for the socket.
    func drainClient() -> [UInt8] {
        var bytes: [UInt8] = []
        client.drainOutgoing(into: &bytes)
        return bytes
    }

    /// Gives bytes to the client, which decrypts them.
    func receive(_ bytes: [UInt8]) throws(TLSFailure) {
        try client.receive(array: bytes)
        var text: [UInt8] = []
        defer { received += text }
        isClosedByServer = try unsafe !client.read { unsafe text.append(contentsOf: $0) }
    }

    func write(_ bytes: [UInt8]) throws(TLSFailure) {
        try client.write(array: bytes)
    }
}

extension TLSConnection {
    func receive(array bytes: [UInt8]) throws(TLSFailure) {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(TLSFailure) in
            try unsafe self.receive(UnsafeRawBufferPointer(buffer))
        }
    }

    func write(array bytes: [UInt8]) throws(TLSFailure) {
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(TLSFailure) in
            try unsafe self.write(UnsafeRawBufferPointer(buffer))
        }
    }
}

extension [UInt8] {
    /// The bytes in order, at most `size` at a time.
    func pieces(of size: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: Swift.min(size, Swift.max(count, 1))).map {
            Array(self[$0..<Swift.min($0 + Swift.min(size, count), count)])
        }
    }
}
