// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// A certificate with its private key (EC P-256), as PEM.
package struct TestIdentity: Sendable {
    package let commonName: String
    package let certificate: String
    package let key: String

    /// What to put into a certificate.
    package struct Request: Sendable {
        package enum Validity: Sendable {
            /// From an hour ago, for a day.
            case current
            /// Ended an hour ago.
            case expired
            /// Begins in an hour.
            case future
            /// Seconds from now; negative is in the past.
            case from(Int, to: Int)
        }

        package enum Usage: Sendable {
            /// No extended key usage: good for everything.
            case any
            case client
            case server
        }

        package var commonName: String
        package var dnsNames: [String] = []
        package var ipAddresses: [String] = []
        package var isAuthority = false
        package var validity = Validity.current
        package var usage = Usage.any

        package init(
            commonName: String,
            dnsNames: [String] = [],
            ipAddresses: [String] = [],
            isAuthority: Bool = false,
            validity: Validity = .current,
            usage: Usage = .any
        ) {
            self.commonName = commonName
            self.dnsNames = dnsNames
            self.ipAddresses = ipAddresses
            self.isAuthority = isAuthority
            self.validity = validity
            self.usage = usage
        }
    }

    /// A self-signed authority.
    package static func authority(
        _ commonName: String = "EtcdKit test authority",
        validity: Request.Validity = .current
    ) throws -> TestIdentity {
        try make(
            Request(commonName: commonName, isAuthority: true, validity: validity),
            issuer: nil
        )
    }

    /// A certificate for anything, signed by this one.
    package func issue(_ request: Request) throws -> TestIdentity {
        try Self.make(request, issuer: self)
    }

    /// An authority below this one.
    package func issueAuthority(_ commonName: String) throws -> TestIdentity {
        try issue(Request(commonName: commonName, isAuthority: true))
    }

    /// For a server on this machine.
    package func issueServer(
        dnsNames: [String] = ["localhost"],
        ipAddresses: [String] = ["127.0.0.1", "::1"],
        validity: Request.Validity = .current
    ) throws -> TestIdentity {
        try issue(
            Request(
                commonName: "server",
                dnsNames: dnsNames,
                ipAddresses: ipAddresses,
                validity: validity
            )
        )
    }

    /// For a client: etcd takes the common name for the user's.
    package func issueClient(
        _ commonName: String,
        validity: Request.Validity = .current
    ) throws -> TestIdentity {
        try issue(Request(commonName: commonName, validity: validity, usage: .client))
    }

    /// The key as PEM that needs a passphrase.
    package func encryptedKey(passphrase: String) throws -> String {
        let key = try OwnedKey(pem: self.key)
        let output = try OwnedBIO()
        let result = unsafe PEM_write_bio_PKCS8PrivateKey(
            output.pointer,
            key.pointer,
            EVP_aes_256_cbc(),
            passphrase,
            Int32(passphrase.utf8.count),
            nil,
            nil
        )
        guard result == 1 else {
            throw TestSupportError("cannot encrypt a key")
        }
        return output.text
    }
}

extension TestIdentity {
    private static func make(_ request: Request, issuer: TestIdentity?) throws -> TestIdentity {
        let key = try OwnedKey()
        let certificate = try OwnedX509()
        let issuerKey = try issuer.map { try OwnedKey(pem: $0.key) } ?? key
        let issuerCertificate = try issuer.map { try OwnedX509(pem: $0.certificate) } ?? certificate

        let hour = 3600
        let (from, to) =
            switch request.validity {
            case .current: (-hour, 23 * hour)
            case .expired: (-2 * hour, -hour)
            case .future: (hour, 24 * hour)
            case .from(let from, let to): (from, to)
            }
        let x509 = unsafe certificate.pointer
        let subject = unsafe X509_get_subject_name(x509)
        var isDone = unsafe X509_set_version(x509, 2) == 1
        unsafe isDone =
            isDone
            && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), .random(in: 1 ... .max)) == 1
        unsafe isDone = isDone && X509_gmtime_adj(X509_getm_notBefore(x509), from) != nil
        unsafe isDone = isDone && X509_gmtime_adj(X509_getm_notAfter(x509), to) != nil
        unsafe isDone =
            isDone
            && X509_NAME_add_entry_by_txt(
                subject,
                "CN",
                MBSTRING_UTF8,
                request.commonName,
                Int32(request.commonName.utf8.count),
                -1,
                0
            ) == 1
        unsafe isDone =
            isDone
            && X509_set_issuer_name(x509, X509_get_subject_name(issuerCertificate.pointer)) == 1
        unsafe isDone = isDone && X509_set_pubkey(x509, key.pointer) == 1
        guard isDone else {
            throw TestSupportError("cannot fill in a certificate")
        }
        try addExtensions(request, to: certificate, issuer: issuerCertificate)
        guard unsafe X509_sign(x509, issuerKey.pointer, EVP_sha256()) != 0 else {
            throw TestSupportError("cannot sign a certificate")
        }
        return TestIdentity(
            commonName: request.commonName,
            certificate: try certificate.pem(),
            key: try key.pem()
        )
    }

    private static func addExtensions(
        _ request: Request,
        to certificate: borrowing OwnedX509,
        issuer: borrowing OwnedX509
    ) throws {
        var extensions: [(Int32, String)] = [
            (NID_basic_constraints, request.isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE"),
            (
                NID_key_usage,
                request.isAuthority ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature"
            ),
            (NID_subject_key_identifier, "hash"),
            (NID_authority_key_identifier, "keyid"),
        ]
        switch request.usage {
        case .any: break
        case .client: extensions.append((NID_ext_key_usage, "clientAuth"))
        case .server: extensions.append((NID_ext_key_usage, "serverAuth"))
        }
        let names =
            request.dnsNames.map { "DNS:\($0)" } + request.ipAddresses.map { "IP:\($0)" }
        if !names.isEmpty {
            extensions.append((NID_subject_alt_name, names.joined(separator: ",")))
        }
        for (nid, value) in extensions {
            var context = unsafe X509V3_CTX()
            unsafe X509V3_set_ctx(&context, issuer.pointer, certificate.pointer, nil, nil, 0)
            guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, nid, value) else {
                throw TestSupportError("cannot make the certificate extension \(value)")
            }
            defer { unsafe X509_EXTENSION_free(made) }
            guard unsafe X509_add_ext(certificate.pointer, made, -1) == 1 else {
                throw TestSupportError("cannot add the certificate extension \(value)")
            }
        }
    }
}
