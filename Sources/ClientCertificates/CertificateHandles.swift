// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// Owns a memory BIO: bytes that OpenSSL reads or writes.
@safe
final class CertificateBytes {
    let bio: OpaquePointer

    init(_ bytes: [UInt8] = []) throws(CertificateFailure) {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else {
            throw CertificateFailure("there is no memory left")
        }
        unsafe self.bio = unsafe bio
        guard !bytes.isEmpty else { return }
        var written = 0
        // 1: all written; a memory BIO takes everything or nothing.
        let result = unsafe bytes.withUnsafeBytes { buffer in
            unsafe BIO_write_ex(bio, buffer.baseAddress, buffer.count, &written)
        }
        guard result == 1, written == bytes.count else {
            throw CertificateFailure("there is no memory left")
        }
    }

    deinit {
        unsafe BIO_free(self.bio)
    }

    /// What was written into it.
    var written: [UInt8] {
        var start: UnsafePointer<CChar>?
        let count = unsafe CEtcdKitOpenSSL_BIO_get_mem_data(self.bio, &start)
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// Owns an `EVP_PKEY`: a private key.
@safe
final class CertificateKey {
    let evp: OpaquePointer

    /// Makes a new key.
    init(_ kind: ClientCertificate.KeyKind) throws(CertificateFailure) {
        // A key to own, or null: refused by the provider, or no memory or randomness.
        let made =
            switch kind {
            case .p256: unsafe CEtcdKitOpenSSL_EVP_EC_gen("P-256")
            case .p384: unsafe CEtcdKitOpenSSL_EVP_EC_gen("P-384")
            case .rsa3072: unsafe CEtcdKitOpenSSL_EVP_RSA_gen(3072)
            }
        guard let made = unsafe made else {
            throw CertificateFailure("OpenSSL made no key of the kind \(kind.rawValue)")
        }
        unsafe self.evp = unsafe made
    }

    init(pem: [UInt8], source: String) throws(CertificateFailure) {
        let input = try CertificateBytes(pem)
        // A key to own, or null: none there, damaged, or with a passphrase, which is refused.
        guard
            let evp = unsafe PEM_read_bio_PrivateKey(input.bio, nil, { _, _, _, _ in -1 }, nil)
        else {
            ERR_clear_error()
            throw CertificateFailure(
                "there is no private key in \(source) that can be read without a passphrase"
            )
        }
        unsafe self.evp = unsafe evp
    }

    deinit {
        unsafe EVP_PKEY_free(self.evp)
    }

    /// The key as PEM, in PKCS #8, without a passphrase.
    func pem() throws(CertificateFailure) -> [UInt8] {
        let output = try CertificateBytes()
        guard
            unsafe PEM_write_bio_PrivateKey(output.bio, self.evp, nil, nil, 0, nil, nil) == 1
        else {
            throw CertificateFailure("OpenSSL did not write the private key")
        }
        return output.written
    }
}

/// Owns an `X509`: a certificate.
@safe
final class CertificateHandle {
    let x509: OpaquePointer

    /// A new, empty one.
    init() throws(CertificateFailure) {
        guard let x509 = unsafe X509_new() else {
            throw CertificateFailure("there is no memory left")
        }
        unsafe self.x509 = unsafe x509
    }

    /// The first certificate of a PEM text.
    init(pem: [UInt8], source: String) throws(CertificateFailure) {
        let input = try CertificateBytes(pem)
        // A certificate to own, or null: none there, or damaged.
        guard let x509 = unsafe PEM_read_bio_X509(input.bio, nil, { _, _, _, _ in -1 }, nil)
        else {
            ERR_clear_error()
            throw CertificateFailure("there is no certificate in \(source)")
        }
        unsafe self.x509 = unsafe x509
    }

    deinit {
        unsafe X509_free(self.x509)
    }

    func pem() throws(CertificateFailure) -> [UInt8] {
        let output = try CertificateBytes()
        guard unsafe PEM_write_bio_X509(output.bio, self.x509) == 1 else {
            throw CertificateFailure("OpenSSL did not write the certificate")
        }
        return output.written
    }
}
