// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// Owns a memory BIO.
@safe
final class OwnedBIO {
    let pointer: OpaquePointer

    init(_ text: String = "") throws {
        guard let pointer = unsafe BIO_new(BIO_s_mem()) else {
            throw TestSupportError("no memory for a BIO")
        }
        unsafe self.pointer = unsafe pointer
        let bytes = Array(text.utf8)
        unsafe BIO_write(pointer, bytes, Int32(bytes.count))
    }

    deinit {
        unsafe BIO_free(pointer)
    }

    var text: String {
        var start: UnsafePointer<CChar>?
        let count = unsafe CEtcdKitOpenSSL_BIO_get_mem_data(pointer, &start)
        return unsafe String(
            decoding: UnsafeRawBufferPointer(start: start, count: count),
            as: UTF8.self
        )
    }
}

/// Owns an `EVP_PKEY`.
///
/// `@unchecked Sendable`: the key is not changed, and OpenSSL lets several threads sign with it.
@safe
final class OwnedKey: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Takes over the reference.
    @unsafe
    init(owning pointer: OpaquePointer) {
        unsafe self.pointer = unsafe pointer
    }

    /// A new one, on the curve P-256.
    init() throws {
        guard let pointer = unsafe CEtcdKitOpenSSL_EVP_EC_gen("P-256") else {
            throw TestSupportError("cannot generate a key")
        }
        unsafe self.pointer = unsafe pointer
    }

    init(pem: String) throws {
        let input = try OwnedBIO(pem)
        guard let pointer = unsafe PEM_read_bio_PrivateKey(input.pointer, nil, nil, nil) else {
            throw TestSupportError("cannot read a private key")
        }
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe EVP_PKEY_free(pointer)
    }

    func pem() throws -> String {
        let output = try OwnedBIO()
        guard
            unsafe PEM_write_bio_PrivateKey(output.pointer, pointer, nil, nil, 0, nil, nil) == 1
        else {
            throw TestSupportError("cannot write a private key")
        }
        return output.text
    }
}

/// Owns an `X509`.
@safe
final class OwnedX509 {
    let pointer: OpaquePointer

    /// A new, empty one.
    init() throws {
        guard let pointer = unsafe X509_new() else {
            throw TestSupportError("no memory for a certificate")
        }
        unsafe self.pointer = unsafe pointer
    }

    init(pem: String) throws {
        let input = try OwnedBIO(pem)
        guard let pointer = unsafe PEM_read_bio_X509(input.pointer, nil, nil, nil) else {
            throw TestSupportError("cannot read a certificate")
        }
        unsafe self.pointer = unsafe pointer
    }

    deinit {
        unsafe X509_free(pointer)
    }

    func pem() throws -> String {
        let output = try OwnedBIO()
        guard unsafe PEM_write_bio_X509(output.pointer, pointer) == 1 else {
            throw TestSupportError("cannot write a certificate")
        }
        return output.text
    }
}
