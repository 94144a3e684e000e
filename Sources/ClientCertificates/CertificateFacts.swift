// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL
import Glibc

/// What a certificate says of itself.
///
/// A stranger may have written it: texts are printable ASCII, everything else in them is escaped.
package struct CertificateFacts: Sendable {
    /// The common name that etcd takes for the user's; nil if there is none.
    package let commonName: String?
    package let subject: String
    package let issuer: String
    package let serialNumber: String
    /// Seconds since 1970.
    package let notBefore: Int
    package let notAfter: Int
    /// Whether it may issue others; nil if it does not say, for want of BasicConstraints.
    package let isAuthority: Bool?
    /// Whether its keys may sign certificates or lists of revoked ones; nil if it does not say.
    package let maySignCertificates: Bool?
    /// Whether it is good for a client; nil if it names no purpose, which is good for all.
    package let isForClients: Bool?
    /// The kind of key, such as `EC P-256` or `RSA 3072`.
    package let key: String
    /// The SHA-256 digest of the certificate, in hexadecimal digits.
    package let fingerprint: String

    private let pem: [UInt8]

    /// Reads the first certificate of a PEM text.
    package init(pem: [UInt8], source: String) throws(CertificateFailure) {
        let handle = try CertificateHandle(pem: pem, source: source)
        let x509 = unsafe handle.x509
        guard let notBefore = unsafe Self.seconds(of: X509_get0_notBefore(x509)),
            let notAfter = unsafe Self.seconds(of: X509_get0_notAfter(x509))
        else { throw CertificateFailure("the dates in \(source) cannot be read") }
        self.pem = pem
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.commonName = unsafe Self.commonName(of: X509_get_subject_name(x509))
        self.subject = unsafe try Self.text(of: X509_get_subject_name(x509))
        self.issuer = unsafe try Self.text(of: X509_get_issuer_name(x509))
        self.serialNumber = unsafe Self.hex(Self.bytes(of: X509_get0_serialNumber(x509)))
        let flags = unsafe X509_get_extension_flags(x509)
        func has(_ flag: Int32) -> Bool { flags & UInt32(flag) != 0 }
        self.isAuthority = has(EXFLAG_BCONS) ? has(EXFLAG_CA) : nil
        let usage = unsafe X509_get_key_usage(x509)
        let signing = UInt32(KU_KEY_CERT_SIGN | KU_CRL_SIGN)
        self.maySignCertificates = has(EXFLAG_KUSAGE) ? usage & signing != 0 : nil
        let purposes = unsafe X509_get_extended_key_usage(x509)
        let client = UInt32(XKU_SSL_CLIENT | XKU_ANYEKU)
        self.isForClients = has(EXFLAG_XKUSAGE) ? purposes & client != 0 : nil
        self.key = unsafe Self.keyKind(of: X509_get0_pubkey(x509))
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var count: UInt32 = 0
        // 1: done.
        guard unsafe X509_digest(x509, EVP_sha256(), &digest, &count) == 1 else {
            throw CertificateFailure("OpenSSL has no SHA-256")
        }
        self.fingerprint = Self.hex(Array(digest.prefix(Int(count))))
    }

    /// Whether a private key is this certificate's.
    package func belongs(to key: [UInt8], source: String) throws(CertificateFailure) -> Bool {
        let handle = try CertificateHandle(pem: self.pem, source: "the certificate")
        let key = try CertificateKey(pem: key, source: source)
        // 1: they match; otherwise 0, with an error in the queue.
        defer { ERR_clear_error() }
        return unsafe X509_check_private_key(handle.x509, key.evp) == 1
    }

    @unsafe
    private static func seconds(of time: UnsafePointer<ASN1_TIME>?) -> Int? {
        var parts = unsafe tm()
        // 1: converted; 0: malformed.
        guard let time = unsafe time, unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return unsafe timegm(&parts)
    }

    /// The last one, as Go and so etcd takes it.
    @unsafe
    private static func commonName(of name: OpaquePointer?) -> String? {
        var last: Int32 = -1
        while true {
            // -1: no further one.
            let next = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, last)
            guard next >= 0 else { break }
            last = next
        }
        guard last >= 0, let entry = unsafe X509_NAME_get_entry(name, last) else { return nil }
        var utf8: UnsafeMutablePointer<UInt8>?
        // The length, or negative for text that cannot be turned into UTF-8.
        let count = unsafe ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry))
        guard count >= 0, let utf8 = unsafe utf8 else { return nil }
        defer { unsafe CRYPTO_free(utf8, nil, 0) }
        let bytes = unsafe UnsafeBufferPointer(start: utf8, count: Int(count))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    @unsafe
    private static func text(of name: OpaquePointer?) throws(CertificateFailure) -> String {
        let output = try CertificateBytes()
        if let name = unsafe name { unsafe CEtcdKitOpenSSL_X509_NAME_print(output.bio, name) }
        return String(decoding: output.written, as: UTF8.self)
    }

    @unsafe
    private static func bytes(of number: UnsafePointer<ASN1_INTEGER>?) -> [UInt8] {
        guard let number = unsafe number else { return [] }
        let start = unsafe ASN1_STRING_get0_data(number)
        let count = unsafe ASN1_STRING_length(number)
        return unsafe Array(UnsafeBufferPointer(start: start, count: Int(count)))
    }

    @unsafe
    private static func keyKind(of key: OpaquePointer?) -> String {
        guard let key = unsafe key else { return "unreadable" }
        var group = [CChar](repeating: 0, count: 64)
        var count = 0
        // 1: the key is on a curve, whose name is in the buffer now.
        if unsafe EVP_PKEY_get_group_name(key, &group, group.count, &count) == 1 {
            let name = String(
                decoding: group.prefix(count).map { UInt8(bitPattern: $0) },
                as: UTF8.self
            )
            return "EC \(name == "prime256v1" ? "P-256" : name == "secp384r1" ? "P-384" : name)"
        }
        ERR_clear_error()
        let kind = unsafe EVP_PKEY_get0_type_name(key).map { unsafe String(cString: $0) } ?? "?"
        return unsafe "\(kind) \(EVP_PKEY_get_bits(key))"
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
