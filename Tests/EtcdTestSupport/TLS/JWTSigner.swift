// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitOpenSSL
import Foundation

/// A key pair for JSON web tokens, in files that etcd reads, and tokens signed with it.
package final class JWTSigner: Sendable {
    /// How tokens are signed, by its name in tokens and in etcd's flags.
    package enum Method: String, Sendable, CaseIterable {
        /// ECDSA on P-256 with SHA-256.
        case es256 = "ES256"
        /// RSA with SHA-256.
        case rs256 = "RS256"
    }

    private let method: Method
    private let key: OwnedKey
    private let publicKeyPath: String
    private let privateKeyPath: String

    /// Makes a key pair.
    package init(_ method: Method = .es256, in directory: String) throws {
        self.method = method
        self.key = try method == .es256 ? OwnedKey() : OwnedKey(rsaBits: 2048)
        self.publicKeyPath = "\(directory)/jwt.pub"
        self.privateKeyPath = "\(directory)/jwt.key"
        try TestCertificates.writeFile(self.key.publicPEM(), to: self.publicKeyPath, mode: 0o644)
        try TestCertificates.writeFile(
            self.key.traditionalPEM(),
            to: self.privateKeyPath,
            mode: 0o600
        )
    }

    /// The arguments with which etcd signs such tokens and takes them.
    package func serverArguments(ttl: Duration) -> [String] {
        let parts = [
            "jwt", "pub-key=\(self.publicKeyPath)", "priv-key=\(self.privateKeyPath)",
            "sign-method=\(self.method.rawValue)", "ttl=\(ttl.components.seconds)s",
        ]
        return ["--auth-token", parts.joined(separator: ",")]
    }

    /// A token for a user.
    ///
    /// - Parameters:
    ///   - user: The user's name.
    ///   - revision: The revision of users and roles that it was made at; etcd refuses it once there
    ///     is a later one.
    ///   - life: How long it is valid from now on.
    /// - Returns: The token.
    /// - Throws: `TestSupportError`.
    package func token(user: String, revision: UInt64, life: Duration) throws -> String {
        let end = Int(Date.now.timeIntervalSince1970) + Int(life.components.seconds)
        let header = #"{"alg":"\#(self.method.rawValue)","typ":"JWT"}"#
        let claims = #"{"username":"\#(user)","revision":\#(revision),"exp":\#(end)}"#
        let text = "\(Self.encoded(Array(header.utf8))).\(Self.encoded(Array(claims.utf8)))"
        var signature = try self.key.signature(of: Array(text.utf8))
        if self.method == .es256 { signature = try Self.pair(from: signature) }
        return "\(text).\(Self.encoded(signature))"
    }

    private static func encoded(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    /// The two numbers of a signature, 32 bytes each, which OpenSSL wraps in DER.
    private static func pair(from der: [UInt8]) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64)
        let isDone = unsafe der.withUnsafeBufferPointer { der in
            var start = der.baseAddress
            guard let signature = unsafe d2i_ECDSA_SIG(nil, &start, der.count) else {
                return false
            }
            defer { unsafe ECDSA_SIG_free(signature) }
            return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return false }
                return unsafe BN_bn2binpad(ECDSA_SIG_get0_r(signature), base, 32) == 32
                    && BN_bn2binpad(ECDSA_SIG_get0_s(signature), base + 32, 32) == 32
            }
        }
        guard isDone else { throw TestSupportError("cannot read a signature") }
        return bytes
    }
}

extension OwnedKey {
    /// A new RSA key.
    convenience init(rsaBits: Int32) throws {
        guard let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nil) else {
            throw TestSupportError("no memory for a key")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_CTX_set_rsa_keygen_bits(context, rsaBits) == 1,
            unsafe EVP_PKEY_generate(context, &key) == 1, let key = unsafe key
        else { throw TestSupportError("cannot generate a key") }
        unsafe self.init(owning: key)
    }

    fileprivate func publicPEM() throws -> String {
        let output = try OwnedBIO()
        guard unsafe PEM_write_bio_PUBKEY(output.pointer, self.pointer) == 1 else {
            throw TestSupportError("cannot write a public key")
        }
        return output.text
    }

    /// In the form that is older than PKCS #8, the only one that etcd 3.4 reads.
    fileprivate func traditionalPEM() throws -> String {
        let output = try OwnedBIO()
        let result = unsafe PEM_write_bio_PrivateKey_traditional(
            output.pointer,
            self.pointer,
            nil,
            nil,
            0,
            nil,
            nil
        )
        guard result == 1 else { throw TestSupportError("cannot write a private key") }
        return output.text
    }

    fileprivate func signature(of bytes: [UInt8]) throws -> [UInt8] {
        guard let context = unsafe EVP_MD_CTX_new() else {
            throw TestSupportError("no memory for a signature")
        }
        defer { unsafe EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 512)
        var count = signature.count
        guard
            unsafe EVP_DigestSignInit(context, nil, EVP_sha256(), nil, self.pointer) == 1,
            unsafe EVP_DigestSign(context, &signature, &count, bytes, bytes.count) == 1
        else { throw TestSupportError("cannot sign") }
        return Array(signature.prefix(count))
    }
}
