// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// Owns an `SSL_CTX`.
///
/// Sendable: it is set up before anyone else sees it, and only `SSL_new` is called afterwards, which
/// OpenSSL makes safe from any thread.
@safe
final class TLSContextHandle: @unchecked Sendable {
    private let context: OpaquePointer

    /// TLS 1.2 and 1.3, HTTP/2, and a verified peer; nobody is trusted yet.
    init() throws(TLSFailure) {
        OpenSSLError.clear()
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw .handshake(OpenSSLError.last().text)
        }
        unsafe self.context = unsafe context

        unsafe CEtcdKitOpenSSL_SSL_CTX_set_strict_options(context)
        // What HTTP/2 allows with TLS 1.2 (RFC 9113, 9.2.2). 1: done.
        let ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20"
        let protocols: [UInt8] = [2, UInt8(ascii: "h"), UInt8(ascii: "2")]
        guard
            unsafe CEtcdKitOpenSSL_SSL_CTX_set_protocol_range(
                context,
                TLS1_2_VERSION,
                TLS1_3_VERSION
            ) == 1,
            unsafe SSL_CTX_set_cipher_list(context, ciphers) == 1,
            // 0: done, unlike nearly everything else.
            unsafe SSL_CTX_set_alpn_protos(context, protocols, UInt32(protocols.count)) == 0
        else {
            throw .handshake(OpenSSLError.last().text)
        }

        unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, recordVerification)
        let rules = unsafe SSL_CTX_get0_param(context)
        // Whatever the user names as authority is one, as in Go: an intermediate, even a leaf.
        unsafe X509_VERIFY_PARAM_set_flags(rules, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        unsafe X509_VERIFY_PARAM_set_hostflags(
            rules,
            UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)
        )
    }

    deinit {
        unsafe SSL_CTX_free(context)
    }

    func trust(_ authorities: [TLSCertificate], source: String) throws(TLSFailure) {
        let store = unsafe SSL_CTX_get_cert_store(context)
        for authority in authorities {
            OpenSSLError.clear()
            // 1: added, or there already.
            let result = unsafe authority.withPointer { unsafe X509_STORE_add_cert(store, $0) }
            guard result == 1 else {
                throw .invalidPEM(source: source, reason: OpenSSLError.last().text)
            }
        }
    }

    /// A system without a store is no error: it trusts nobody.
    func trustSystem() {
        OpenSSLError.clear()
        unsafe SSL_CTX_set_default_verify_paths(context)
        OpenSSLError.clear()
    }

    /// Presents the first certificate, and the others as those above it.
    func present(
        _ chain: [TLSCertificate],
        key: borrowing TLSPrivateKey,
        source: String
    ) throws(TLSFailure) {
        OpenSSLError.clear()
        for (index, certificate) in chain.enumerated() {
            // 1: taken, with a reference of its own; 0: refused, as when its key is too weak.
            let result = unsafe certificate.withPointer { pointer in
                unsafe index == 0
                    ? SSL_CTX_use_certificate(context, pointer)
                    : CEtcdKitOpenSSL_SSL_CTX_add1_chain_cert(context, pointer)
            }
            guard result == 1 else {
                throw .invalidPEM(source: source, reason: OpenSSLError.first().text)
            }
        }
        guard unsafe SSL_CTX_use_PrivateKey(context, key.evp) == 1 else {
            throw .invalidPEM(source: source, reason: OpenSSLError.first().text)
        }
    }

    /// A new `SSL`, which the caller owns.
    @unsafe
    func makeSSL() throws(TLSFailure) -> OpaquePointer {
        OpenSSLError.clear()
        guard let ssl = unsafe SSL_new(context) else {
            throw .handshake(OpenSSLError.last().text)
        }
        return unsafe ssl
    }
}
