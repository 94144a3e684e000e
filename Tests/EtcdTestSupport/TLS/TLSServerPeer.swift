// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// The server's end of a TLS conversation, from bytes to bytes.
@safe
package final class TLSServerPeer {
    /// How the peer behaves.
    package struct Options: Sendable {
        package enum Protocols: Sendable {
            /// HTTP/2; answers an offer without it with an alert.
            case http2
            /// HTTP/1.1 only; answers an offer without it with an alert.
            case http1
            /// Ignores the extension.
            case none
        }

        package enum Version: Int32, Sendable {
            case tls1_1 = 0x0302
            case tls1_2 = 0x0303
            case tls1_3 = 0x0304
        }

        package var protocols = Protocols.http2
        package var versions = Version.tls1_2...Version.tls1_3
        /// Certificates to send after the server's own.
        package var intermediates: [TestIdentity] = []
        /// Clients must present a certificate signed by one of these; empty: none is asked for.
        package var clientAuthorities: [TestIdentity] = []

        package init(
            protocols: Protocols = .http2,
            versions: ClosedRange<Version> = .tls1_2 ... .tls1_3,
            intermediates: [TestIdentity] = [],
            clientAuthorities: [TestIdentity] = []
        ) {
            self.protocols = protocols
            self.versions = versions
            self.intermediates = intermediates
            self.clientAuthorities = clientAuthorities
        }
    }

    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer

    package private(set) var isEstablished = false
    /// The client has said goodbye.
    package private(set) var isClosedByPeer = false
    /// What OpenSSL says about a conversation that has failed.
    package private(set) var failure: String?

    package init(_ identity: TestIdentity, _ options: Options = Options()) throws {
        unsafe context = unsafe SSL_CTX_new(TLS_server_method())
        unsafe ssl = unsafe try Self.makeSSL(context, identity, options)
        unsafe incoming = unsafe BIO_new(BIO_s_mem())
        unsafe outgoing = unsafe BIO_new(BIO_s_mem())
        unsafe SSL_set_bio(ssl, incoming, outgoing)
        unsafe SSL_set_accept_state(ssl)
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe SSL_CTX_free(context)
    }

    /// Takes what the client sent.
    package func receive(_ ciphertext: [UInt8]) {
        unsafe BIO_write(incoming, ciphertext, Int32(ciphertext.count))
        guard !isEstablished, failure == nil else {
            return
        }
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        isEstablished = result == 1
        if result != 1 {
            check(result)
        }
    }

    /// What the client is to receive.
    package func drainOutgoing() -> [UInt8] {
        var bytes = unsafe [UInt8](repeating: 0, count: CEtcdKitOpenSSL_BIO_pending(outgoing))
        if !bytes.isEmpty {
            unsafe BIO_read(outgoing, &bytes, Int32(bytes.count))
        }
        return bytes
    }

    /// All plain text that has arrived.
    package func read() -> [UInt8] {
        var text: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16384)
        while isEstablished, failure == nil {
            ERR_clear_error()
            let count = unsafe SSL_read(ssl, &piece, Int32(piece.count))
            guard count > 0 else {
                check(count)
                break
            }
            text += piece.prefix(Int(count))
        }
        return text
    }

    package func write(_ plaintext: [UInt8]) {
        if !plaintext.isEmpty {
            unsafe SSL_write(ssl, plaintext, Int32(plaintext.count))
        }
    }

    package func close() {
        unsafe SSL_shutdown(ssl)
    }

    /// Asks the client for a second handshake, as TLS 1.2 allows.
    package func requestRenegotiation() {
        unsafe SSL_renegotiate(ssl)
        unsafe SSL_do_handshake(ssl)
    }

    /// The name that the client asked for.
    package var serverName: String? {
        unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
    }

    /// `TLSv1.2` or `TLSv1.3`.
    package var version: String {
        unsafe String(cString: SSL_get_version(ssl))
    }

    /// The common name in the client's certificate.
    package var clientCommonName: String? {
        guard let certificate = unsafe SSL_get0_peer_certificate(ssl) else {
            return nil
        }
        var name = [CChar](repeating: 0, count: 256)
        let count = unsafe X509_NAME_get_text_by_NID(
            X509_get_subject_name(certificate),
            NID_commonName,
            &name,
            Int32(name.count)
        )
        return String(
            decoding: name.prefix(Int(max(0, count))).map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }

    private func check(_ result: Int32) {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ:
            break
        case SSL_ERROR_ZERO_RETURN:
            isClosedByPeer = true
        default:
            failure =
                unsafe ERR_reason_error_string(ERR_peek_error()).map {
                    unsafe String(cString: $0)
                } ?? "unknown"
        }
    }

    @unsafe
    private static func makeSSL(
        _ context: OpaquePointer,
        _ identity: TestIdentity,
        _ options: Options
    ) throws -> OpaquePointer {
        // OpenSSL allows TLS 1.1 at level 0 only.
        unsafe SSL_CTX_set_security_level(context, 0)
        unsafe SSL_CTX_set_cipher_list(context, "DEFAULT:@SECLEVEL=0")
        let certificate = try OwnedX509(pem: identity.certificate)
        let key = try OwnedKey(pem: identity.key)
        guard
            unsafe CEtcdKitOpenSSL_SSL_CTX_set_protocol_range(
                context,
                options.versions.lowerBound.rawValue,
                options.versions.upperBound.rawValue
            )
                == 1,
            unsafe SSL_CTX_use_certificate(context, certificate.pointer) == 1,
            unsafe SSL_CTX_use_PrivateKey(context, key.pointer) == 1
        else {
            throw TestSupportError("cannot set up a TLS server")
        }
        for intermediate in options.intermediates {
            let x509 = try OwnedX509(pem: intermediate.certificate)
            unsafe CEtcdKitOpenSSL_SSL_CTX_add1_chain_cert(context, x509.pointer)
        }
        if !options.clientAuthorities.isEmpty {
            unsafe SSL_CTX_set_verify(
                context,
                SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                nil
            )
            for authority in options.clientAuthorities {
                let x509 = try OwnedX509(pem: authority.certificate)
                unsafe X509_STORE_add_cert(SSL_CTX_get_cert_store(context), x509.pointer)
                unsafe SSL_CTX_add_client_CA(context, x509.pointer)
            }
        }
        switch options.protocols {
        case .http2: unsafe SSL_CTX_set_alpn_select_cb(context, selectHTTP2, nil)
        case .http1: unsafe SSL_CTX_set_alpn_select_cb(context, refuseProtocols, nil)
        case .none: break
        }
        return unsafe SSL_new(context)
    }
}

extension TLSServerPeer.Options.Version: Comparable {
    package static func < (left: Self, right: Self) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// Runs within the handshake; what it points `selected` to is part of the client's offer.
private func selectHTTP2(
    _: OpaquePointer?,
    selected: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    length: UnsafeMutablePointer<UInt8>?,
    offer: UnsafePointer<UInt8>?,
    count: UInt32,
    _: UnsafeMutableRawPointer?
) -> Int32 {
    var index = 0
    while index < Int(count), let size = unsafe offer.map({ unsafe Int($0[index]) }) {
        let name = unsafe UnsafeBufferPointer(
            start: offer.map { unsafe $0 + index + 1 },
            count: size
        )
        if unsafe name.elementsEqual("h2".utf8) {
            unsafe selected?.pointee = name.baseAddress
            unsafe length?.pointee = UInt8(size)
            return SSL_TLSEXT_ERR_OK
        }
        index += 1 + size
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

private func refuseProtocols(
    _: OpaquePointer?,
    _: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _: UnsafeMutablePointer<UInt8>?,
    _: UnsafePointer<UInt8>?,
    _: UInt32,
    _: UnsafeMutableRawPointer?
) -> Int32 {
    SSL_TLSEXT_ERR_ALERT_FATAL
}
