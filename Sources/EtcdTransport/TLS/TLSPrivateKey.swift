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
            let error = OpenSSLError.last()
            if wasAsked {
                throw .encryptedKey(source: source)
            }
            throw .invalidPEM(
                source: source,
                reason: error.isEndOfPEM
                    ? "there is no PEM private key in it" : "the private key in it is damaged"
            )
        }
        unsafe evp = unsafe key
    }

    deinit {
        unsafe EVP_PKEY_free(evp)
    }
}
