// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// One TLS conversation, from bytes to bytes: no socket, no clock.
///
/// Owns an `SSL` and its two BIOs.
///
/// Feed what the socket gave to ``receive(_:)``, then take plain text with ``read(_:)``; after every
/// call, failed ones too (there may be an alert to send), send what ``drainOutgoing(into:)`` gives.
/// The first failure is final: every later call throws it again. Not thread-safe.
@safe
package final class TLSConnection {
    private let ssl: OpaquePointer
    // Ciphertext from the peer, and to it. The `SSL` owns both.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    /// Where records are decrypted to, one at a time.
    private let plaintext: UnsafeMutableRawBufferPointer
    private let verification: TLSVerification

    /// The number of the set of files that it was made with.
    let generation: UInt64

    private var failure: TLSFailure?
    /// Whether the peer has said anything at all.
    private(set) var hasReceivedAnything = false
    private var isClosedByPeer = false
    private var isClosed = false

    /// Whether the handshake is over: plain text may be written and read.
    package private(set) var isEstablished = false

    /// The most plain text that a TLS record holds.
    private static let maximumRecord = 16384

    /// - Parameters:
    ///   - context: Whom to trust, and who we are.
    ///   - serverName: The host name or the address that the server's certificate must be for.
    ///   - isIPAddress: Which of the two `serverName` is.
    /// - Throws: A `TLSFailure` when the name is none, or the client's own certificate has expired.
    package init(context: TLSContext, serverName: String, isIPAddress: Bool) throws(TLSFailure) {
        let name = try Self.name(toVerify: serverName, isIPAddress: isIPAddress)
        let (handle, generation) = try context.handleForNewConnection()
        let ssl = try unsafe handle.makeSSL()
        // Two BIOs, unless memory is short.
        guard let incoming = unsafe BIO_new(BIO_s_mem()), let outgoing = unsafe BIO_new(BIO_s_mem())
        else {
            unsafe SSL_free(ssl)
            throw .handshake("out of memory")
        }
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe self.ssl = unsafe ssl
        unsafe self.incoming = unsafe incoming
        unsafe self.outgoing = unsafe outgoing
        unsafe plaintext = .allocate(byteCount: Self.maximumRecord, alignment: 16)
        verification = TLSVerification(serverName: serverName)
        self.generation = generation

        unsafe SSL_set_connect_state(ssl)
        // SSL_MODE_RELEASE_BUFFERS is left off: a client has few connections, all of them busy.
        let pointer = unsafe Unmanaged.passUnretained(verification).toOpaque()
        guard unsafe SSL_set_ex_data(ssl, 0, pointer) == 1 else {
            throw .handshake(OpenSSLError.last().text)
        }
        try expect(name, isIPAddress: isIPAddress)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe plaintext.deallocate()
    }

    /// Begins: the first message is in the outgoing bytes afterwards.
    package func startHandshake() throws(TLSFailure) {
        try advanceHandshake()
    }

    /// Takes bytes from the socket and carries the handshake on, when there still is one.
    package func receive(_ ciphertext: UnsafeRawBufferPointer) throws(TLSFailure) {
        try throwEarlierFailure()
        guard let first = unsafe ciphertext.first else {
            return
        }
        // OpenSSL would wait for a whole header. 22: handshake, 21: alert.
        if !hasReceivedAnything, first != 22, first != 21 {
            throw fail(.notTLS)
        }
        hasReceivedAnything = true

        var written = 0
        // 1: all written; 0: out of memory.
        let result = unsafe BIO_write_ex(
            incoming,
            ciphertext.baseAddress,
            ciphertext.count,
            &written
        )
        guard result == 1, written == ciphertext.count else {
            throw fail(.handshake("out of memory"))
        }
        if !isEstablished {
            try advanceHandshake()
        }
    }

    /// The socket has no more bytes; throws `.truncated` when the peer did not say goodbye first.
    ///
    /// Call ``read(_:)`` before, so that a goodbye that has arrived is seen.
    package func receiveEndOfStream() throws(TLSFailure) {
        try throwEarlierFailure()
        if !isClosedByPeer {
            throw fail(.truncated)
        }
    }

    /// Gives `body` all plain text that has arrived, piece by piece.
    ///
    /// - Returns: False once the peer has ended its side.
    package func read(_ body: (UnsafeRawBufferPointer) -> Void) throws(TLSFailure) -> Bool {
        try throwEarlierFailure()
        guard isEstablished else {
            return true
        }
        while !isClosedByPeer {
            var count = 0
            OpenSSLError.clear()
            // 1: some bytes; 0: ask SSL_get_error.
            let result = unsafe SSL_read_ex(ssl, plaintext.baseAddress, plaintext.count, &count)
            if result == 1 {
                unsafe body(UnsafeRawBufferPointer(rebasing: plaintext[..<count]))
                continue
            }
            switch unsafe SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ:
                return true
            case SSL_ERROR_ZERO_RETURN:
                isClosedByPeer = true
            default:
                throw fail(causeInQueue())
            }
        }
        return false
    }

    /// Encrypts, into the outgoing bytes.
    ///
    /// The connection must be established.
    package func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSFailure) {
        try throwEarlierFailure()
        guard isEstablished else {
            throw fail(.handshake("data before the end of the handshake"))
        }
        guard unsafe !plaintext.isEmpty else {
            return
        }
        var written = 0
        OpenSSLError.clear()
        // 1: all written, as partial writes are off and the memory BIO takes everything; 0: failed.
        let result = unsafe SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &written)
        guard result == 1, written == plaintext.count else {
            throw fail(causeInQueue())
        }
    }

    /// Moves the bytes for the socket to the end of `buffer`.
    package func drainOutgoing(into buffer: inout [UInt8]) {
        let count = unsafe CEtcdKitOpenSSL_BIO_pending(outgoing)
        guard count > 0 else {
            return
        }
        let start = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        unsafe buffer.withUnsafeMutableBytes { bytes in
            var moved = 0
            // 1: read; there are `count` bytes, so all of them come.
            unsafe BIO_read_ex(outgoing, bytes.baseAddress.map { unsafe $0 + start }, count, &moved)
        }
    }

    /// Says goodbye: the message is in the outgoing bytes afterwards.
    package func close() {
        // Neither in a handshake nor after a failure: OpenSSL forbids both.
        guard isEstablished, !isClosed, failure == nil else {
            return
        }
        isClosed = true
        OpenSSLError.clear()
        // 0: sent, 1: sent and the peer's was there already, -1: not possible now.
        unsafe SSL_shutdown(ssl)
    }
}

extension TLSConnection {
    /// The server's certificate must be for this name; a host is also told which one is meant.
    private func expect(_ name: String, isIPAddress: Bool) throws(TLSFailure) {
        let rules = unsafe SSL_get0_param(ssl)
        OpenSSLError.clear()
        if isIPAddress {
            // 1: set; 0: not an address.
            guard unsafe X509_VERIFY_PARAM_set1_ip_asc(rules, name) == 1 else {
                throw .handshake("\(name) is not an IP address")
            }
        } else {
            // 1: set; 0: refused.
            guard
                unsafe X509_VERIFY_PARAM_set1_host(rules, name, name.utf8.count) == 1,
                unsafe CEtcdKitOpenSSL_SSL_set_tlsext_host_name(ssl, name) == 1
            else {
                throw .handshake("\(name) cannot be a server's name")
            }
        }
    }

    /// Certificates know neither zones (`fe80::1%eth0`) nor the root's dot (`host.`).
    private static func name(
        toVerify serverName: String,
        isIPAddress: Bool
    ) throws(TLSFailure) -> String {
        var name = Substring(serverName)
        if isIPAddress {
            name = name.prefix { $0 != "%" }
        } else if name.hasSuffix(".") {
            name = name.dropLast()
        }
        // An empty name would switch the check off, and C's strings end at a zero.
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw .handshake("the server's name is empty or holds a zero byte")
        }
        return String(name)
    }

    private func advanceHandshake() throws(TLSFailure) {
        try throwEarlierFailure()
        OpenSSLError.clear()
        // 1: done; otherwise ask SSL_get_error.
        let result = unsafe SSL_do_handshake(ssl)
        guard result != 1 else {
            try requireHTTP2()
            isEstablished = true
            return
        }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            break
        case SSL_ERROR_ZERO_RETURN:
            throw fail(.truncated)
        default:
            throw fail(causeInQueue())
        }
    }

    private func requireHTTP2() throws(TLSFailure) {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        let selected = unsafe UnsafeBufferPointer(start: name, count: Int(count))
        guard unsafe selected.elementsEqual("h2".utf8) else {
            unsafe SSL_shutdown(ssl)
            throw fail(.noALPN)
        }
    }

    /// What the error queue says after a call failed.
    private func causeInQueue() -> TLSFailure {
        let error = OpenSSLError.first()
        if let refusal = verification.failure {
            return refusal
        }
        if let alert = error.alert {
            return switch alert {
            case .noApplicationProtocol: .noALPN
            case .protocolVersion: .protocolVersion
            default: .peerAlert(alert)
            }
        }
        return switch error.sslReason {
        case SSL_R_WRONG_VERSION_NUMBER?, SSL_R_HTTP_REQUEST?:
            .notTLS
        case SSL_R_UNSUPPORTED_PROTOCOL?, SSL_R_WRONG_SSL_VERSION?, SSL_R_VERSION_TOO_LOW?:
            .protocolVersion
        default:
            .handshake(error.text)
        }
    }

    private func throwEarlierFailure() throws(TLSFailure) {
        if let failure {
            throw failure
        }
    }

    private func fail(_ cause: TLSFailure) -> TLSFailure {
        failure = cause
        return cause
    }
}
