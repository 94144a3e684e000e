// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// Owns an `X509`.
///
/// Sendable: an X509 is not changed after it was parsed here, and its reference count is atomic.
@safe
final class TLSCertificate: @unchecked Sendable {
    private let x509: OpaquePointer

    /// Takes over the reference.
    private init(owning x509: OpaquePointer) {
        unsafe self.x509 = unsafe x509
    }

    deinit {
        unsafe X509_free(x509)
    }

    /// All certificates of a PEM text, at least one; whatever else is in there is skipped.
    static func parse(_ pem: [UInt8], source: String) throws(TLSFailure) -> [TLSCertificate] {
        guard let reader = TLSMemoryReader(pem) else {
            throw .invalidPEM(source: source, reason: "there is no PEM certificate in it")
        }
        var certificates: [TLSCertificate] = []
        while true {
            OpenSSLError.clear()
            // A certificate to own, or null: at the end (no start line) or when it is malformed.
            let next = unsafe PEM_read_bio_X509(reader.bio, nil, refusePassphrase, nil)
            if let next = unsafe next {
                unsafe certificates.append(TLSCertificate(owning: next))
                continue
            }
            let error = OpenSSLError.last()
            guard error.isEndOfPEM else {
                throw .invalidPEM(
                    source: source,
                    reason: "certificate \(certificates.count + 1) in it is damaged"
                )
            }
            guard !certificates.isEmpty else {
                throw .invalidPEM(source: source, reason: "there is no PEM certificate in it")
            }
            return certificates
        }
    }

    var facts: TLSCertificateFacts {
        unsafe TLSCertificateFacts(reading: x509)
    }

    /// When it begins and ends to be valid, in seconds since 1970; nil when that is unreadable.
    var lifetime: Range<Int>? {
        guard let from = unsafe TLSCertificateFacts.seconds(of: X509_get0_notBefore(x509)),
            let to = unsafe TLSCertificateFacts.seconds(of: X509_get0_notAfter(x509)), from < to
        else {
            return nil
        }
        return from..<to
    }

    /// Whether the key belongs to this certificate.
    func matches(_ key: borrowing TLSPrivateKey) -> Bool {
        // 1: they match; otherwise 0, with an error in the queue.
        unsafe X509_check_private_key(x509, key.evp) == 1
    }

    /// Where the clock stands relative to the certificate's dates.
    var validity: Validity {
        // -1: the date is past, 1: it is to come, 0: malformed, which parsing would have refused.
        if unsafe X509_cmp_current_time(X509_get0_notAfter(x509)) < 0 {
            return .expired
        }
        return unsafe X509_cmp_current_time(X509_get0_notBefore(x509)) > 0 ? .notYetValid : .current
    }

    enum Validity {
        case notYetValid
        case current
        case expired
    }

    /// Lends the pointer for one call.
    func withPointer<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        unsafe body(x509)
    }
}

/// OpenSSL's default would ask on the terminal.
func refusePassphrase(
    _: UnsafeMutablePointer<CChar>?,
    _: Int32,
    _: Int32,
    wasAsked: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe wasAsked?.storeBytes(of: true, as: Bool.self)
    return -1
}

/// Owns a memory BIO that reads from a copy of some bytes.
@safe
struct TLSMemoryReader: ~Copyable {
    let bio: OpaquePointer

    /// Nil when the bytes are none, or memory is short.
    init?(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, let bio = unsafe BIO_new(BIO_s_mem()) else {
            return nil
        }
        var written = 0
        // 1: all written; a memory BIO takes everything or nothing.
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe BIO_write_ex(bio, buffer.baseAddress, buffer.count, &written)
        }
        guard result == 1, written == bytes.count else {
            unsafe BIO_free(bio)
            return nil
        }
        unsafe self.bio = unsafe bio
    }

    deinit {
        unsafe BIO_free(bio)
    }
}
