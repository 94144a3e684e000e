// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// Owns an `EVP_PKEY`: a private key.
@safe
struct TLSPrivateKey: ~Copyable {
    let evp: OpaquePointer

    init(parsing pem: [UInt8], source: String) throws(TLSFailure) {
        guard let reader = TLSMemoryReader(pem) else {
            throw .invalidPEM(source: source, reason: "there is no PEM private key in it")
        }
        var wasAsked = false
        OpenSSLError.clear()
        // A key to own, or null: none there, damaged, or with a passphrase.
        let key = unsafe withUnsafeMutablePointer(to: &wasAsked) { wasAsked in
            unsafe PEM_read_bio_PrivateKey(reader.bio, nil, refusePassphrase, wasAsked)
        }
        guard let key = unsafe key else {
            OpenSSLError.clear()
            if wasAsked {
                throw .encryptedKey(source: source)
            }
            // OpenSSL says "unsupported" to everything else.
            throw .invalidPEM(
                source: source,
                reason: pem.contains(Array("PRIVATE KEY-----".utf8))
                    ? "the private key in it is damaged or of an unknown kind"
                    : "there is no PEM private key in it"
            )
        }
        unsafe evp = unsafe key
    }

    deinit {
        unsafe EVP_PKEY_free(evp)
    }
}
