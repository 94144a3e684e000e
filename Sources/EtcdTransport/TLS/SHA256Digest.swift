// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL

/// A SHA-256 digest in the making, by OpenSSL.
@safe
package final class SHA256Digest {
    /// How many bytes a digest has.
    package static let size = 32

    private let context: OpaquePointer

    package init() {
        // Null, and 0 for failure, only without memory: SHA-256 is in every provider.
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        else { fatalError("OpenSSL has no SHA-256") }
        unsafe self.context = context
    }

    deinit {
        unsafe EVP_MD_CTX_free(self.context)
    }

    /// Takes in further bytes.
    package func update(_ bytes: borrowing ArraySlice<UInt8>) {
        let status = unsafe bytes.withUnsafeBytes { buffer in
            unsafe EVP_DigestUpdate(self.context, buffer.baseAddress, buffer.count)
        }
        precondition(status == 1, "a digest takes bytes until it is finished")
    }

    /// The digest of all bytes taken in; the object is of no more use afterwards.
    package func finish() -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: Self.size)
        let status = unsafe EVP_DigestFinal_ex(self.context, &digest, nil)
        precondition(status == 1, "a digest is finished once")
        return digest
    }
}
