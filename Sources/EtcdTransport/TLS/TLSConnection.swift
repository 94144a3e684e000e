// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One TLS conversation, from bytes to bytes: no socket, no clock.
///
/// Feed what the socket gave to ``receive(_:)``, then take plain text with ``read(_:)``; after every
/// call, failed ones too (there may be an alert to send), send what ``drainOutgoing(into:)`` gives.
/// Not thread-safe.
package final class TLSConnection {
    package init(context: TLSContext, serverName: String, isIPAddress: Bool) throws(TLSFailure) {
    }

    /// Whether the handshake is over: plain text may be written and read.
    package private(set) var isEstablished = false

    /// Begins: the first message is in the outgoing bytes afterwards.
    package func startHandshake() throws(TLSFailure) {
    }

    /// Takes bytes from the socket and carries the handshake on, when there still is one.
    package func receive(_ ciphertext: UnsafeRawBufferPointer) throws(TLSFailure) {
    }

    /// The socket has no more bytes; throws `.truncated` when the peer did not say goodbye first.
    package func receiveEndOfStream() throws(TLSFailure) {
    }

    /// Gives `body` all plain text that has arrived, piece by piece.
    ///
    /// - Returns: False once the peer has ended its side.
    package func read(_ body: (UnsafeRawBufferPointer) -> Void) throws(TLSFailure) -> Bool {
        true
    }

    /// Encrypts, into the outgoing bytes. The connection must be established.
    package func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSFailure) {
    }

    /// Moves the bytes for the socket to the end of `buffer`.
    package func drainOutgoing(into buffer: inout [UInt8]) {
    }

    /// Says goodbye: the message is in the outgoing bytes afterwards.
    package func close() {
    }
}
