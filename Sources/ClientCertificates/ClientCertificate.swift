// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL
import Glibc

/// A certificate with its private key, both as PEM.
///
/// etcd takes the common name of a client's certificate for the name of its user.
package struct ClientCertificate: Sendable {
    package var certificate: [UInt8]
    package var key: [UInt8]

    /// What kinds of keys there are.
    package enum KeyKind: String, Sendable, CaseIterable {
        case p256, p384, rsa3072
    }

    /// The longest common name that a certificate may carry, in bytes of UTF-8.
    package static let maximumCommonNameLength = 64

    /// So much before now a certificate begins to be valid, for servers whose clock is behind.
    private static let clockMargin = 300

    package init(certificate: [UInt8], key: [UInt8]) {
        self.certificate = certificate
        self.key = key
    }

    /// A new authority that issues clients' certificates and nothing else.
    ///
    /// - Parameters:
    ///   - kind: What key it has.
    ///   - validity: How long it is valid.
    /// - Returns: The authority.
    /// - Throws: ``CertificateFailure``.
    package static func authority(
        _ kind: KeyKind,
        validity: Duration
    ) throws(CertificateFailure) -> ClientCertificate {
        let suffix = String(UInt32.random(in: .min ... .max), radix: 16)
        return try Self.make(
            commonName: "rolling-lock client CA \(suffix)",
            kind,
            validity: validity,
            extensions: [
                (NID_basic_constraints, "critical,CA:TRUE,pathlen:0"),
                (NID_key_usage, "critical,keyCertSign,cRLSign"),
                (NID_subject_key_identifier, "hash"),
            ],
            issuer: nil
        )
    }

    /// A new client's certificate, issued by this authority.
    ///
    /// - Parameters:
    ///   - commonName: What etcd takes for the user's name.
    ///   - kind: What key it has.
    ///   - validity: How long it is valid; it ends with the authority at the latest.
    /// - Returns: The certificate.
    /// - Throws: ``CertificateFailure``, also when this is no authority or its key does not fit.
    package func issue(
        commonName: String,
        _ kind: KeyKind,
        validity: Duration
    ) throws(CertificateFailure) -> ClientCertificate {
        let name = commonName.utf8
        guard (1...Self.maximumCommonNameLength).contains(name.count),
            name.allSatisfy({ $0 >= 0x20 && $0 != 0x7f })
        else {
            throw CertificateFailure(
                "a common name has 1 to \(Self.maximumCommonNameLength) bytes and no control "
                    + "characters"
            )
        }
        let facts = try CertificateFacts(pem: self.certificate, source: "the authority's file")
        guard facts.isAuthority == true else {
            throw CertificateFailure("the certificate to issue with is not an authority's")
        }
        guard try facts.belongs(to: self.key, source: "the authority's key file") else {
            throw CertificateFailure("the authority's key belongs to another certificate")
        }
        let left = facts.notAfter - time(nil)
        guard left > 0 else { throw CertificateFailure("the authority has expired") }
        return try Self.make(
            commonName: commonName,
            kind,
            validity: min(validity, .seconds(left)),
            extensions: [
                // charmed-etcd refuses a certificate in which this is missing.
                (NID_basic_constraints, "critical,CA:FALSE"),
                (NID_key_usage, "critical,digitalSignature"),
                (NID_ext_key_usage, "clientAuth"),
                (NID_subject_key_identifier, "hash"),
                (NID_authority_key_identifier, "keyid"),
            ],
            issuer: self
        )
    }

    private static func make(
        commonName: String,
        _ kind: KeyKind,
        validity: Duration,
        extensions: [(Int32, String)],
        issuer: ClientCertificate?
    ) throws(CertificateFailure) -> ClientCertificate {
        let key = try CertificateKey(kind)
        let made = try CertificateHandle()
        var issuerKey = key
        var issuerCertificate = made
        if let issuer {
            issuerKey = try CertificateKey(pem: issuer.key, source: "the authority's key file")
            issuerCertificate = try CertificateHandle(
                pem: issuer.certificate,
                source: "the authority's file"
            )
        }
        guard
            Self.setSerialNumber(of: made),
            Self.setDates(of: made, validity),
            Self.setNames(of: made, commonName, issuer: issuerCertificate),
            // 1: set.
            unsafe X509_set_version(made.x509, 2) == 1,
            unsafe X509_set_pubkey(made.x509, key.evp) == 1
        else {
            ERR_clear_error()
            throw CertificateFailure("OpenSSL refused what was to be in the certificate")
        }
        for (nid, value) in extensions {
            try Self.add(nid, value, to: made, issuer: issuerCertificate)
        }
        // The size of the signature, or 0.
        guard unsafe X509_sign(made.x509, issuerKey.evp, EVP_sha256()) != 0 else {
            ERR_clear_error()
            throw CertificateFailure("OpenSSL did not sign the certificate")
        }
        return ClientCertificate(certificate: try made.pem(), key: try key.pem())
    }

    /// A random number: nobody keeps account of those that were given.
    private static func setSerialNumber(of made: CertificateHandle) -> Bool {
        guard let number = unsafe BN_new() else { return false }
        defer { unsafe BN_free(number) }
        // 1: done. 127 bits are positive in 16 bytes.
        return unsafe BN_rand(number, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1
            && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made.x509)) != nil
    }

    private static func setDates(of made: CertificateHandle, _ validity: Duration) -> Bool {
        let now = time(nil)
        let (end, isOver) = now.addingReportingOverflow(Int(validity.components.seconds))
        guard !isOver else { return false }
        // Null for a year beyond 9999.
        return unsafe ASN1_TIME_set(X509_getm_notBefore(made.x509), now - Self.clockMargin) != nil
            && ASN1_TIME_set(X509_getm_notAfter(made.x509), end) != nil
    }

    private static func setNames(
        of made: CertificateHandle,
        _ commonName: String,
        issuer: CertificateHandle
    ) -> Bool {
        let name = Array(commonName.utf8)
        // 1: added.
        return unsafe X509_NAME_add_entry_by_NID(
            X509_get_subject_name(made.x509),
            NID_commonName,
            MBSTRING_UTF8,
            name,
            Int32(name.count),
            -1,
            0
        ) == 1
            && X509_set_issuer_name(made.x509, X509_get_subject_name(issuer.x509)) == 1
    }

    private static func add(
        _ nid: Int32,
        _ value: String,
        to made: CertificateHandle,
        issuer: CertificateHandle
    ) throws(CertificateFailure) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer.x509, made.x509, nil, nil, 0)
        // An extension to own, or null for a text that OpenSSL does not understand.
        guard let added = unsafe X509V3_EXT_conf_nid(nil, &context, nid, value) else {
            ERR_clear_error()
            throw CertificateFailure("OpenSSL does not know the extension \(value)")
        }
        defer { unsafe X509_EXTENSION_free(added) }
        // 1: added.
        guard unsafe X509_add_ext(made.x509, added, -1) == 1 else {
            throw CertificateFailure("OpenSSL did not add the extension \(value)")
        }
    }
}
