// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdAuth {
    /// Gives a user another password, of which only the bcrypt hash is known here.
    ///
    /// Needs etcd 3.5 or newer on all members; before it sends the hash, the call asks the server for
    /// what only those have, as older ones would set an empty password instead. What
    /// ``changePassword(of:to:)`` says holds here too. There is no such way to add a user: etcd
    /// ignores the hash then. Add it with a random password and change that.
    ///
    /// - Parameters:
    ///   - name: The user's name; not empty. A user without password stays without one.
    ///   - hash: The hash as bcrypt writes it: `$2b$10$` and so on, 60 characters.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/unsupported`` from older servers,
    ///   ``EtcdError/Code/userNotFound``, ``EtcdError/Code/invalidArgument``; `CancellationError` if
    ///   the task was cancelled.
    public func changePassword(of name: String, toHash hash: String) async throws {
        try Self.check(user: name)
        try Self.check(hash: hash)
        _ = try await self.status()
        let request = AuthUserChangePasswordRequest(
            name: name,
            hashedPassword: Self.base64(Array(hash.utf8))
        )
        _ = try await self.perform(AuthRPC.userChangePassword, request)
    }

    private static func check(hash: String) throws(EtcdError) {
        guard hash.hasPrefix("$2"), hash.utf8.count == 60, hash.utf8.allSatisfy({ $0 < 0x80 })
        else {
            throw EtcdError(
                code: .invalidArgument,
                message:
                    "the hash is not one of bcrypt's: those begin with $2 and have 60 characters"
            )
        }
    }

    /// The form that etcd wants; the bytes are a multiple of three, so there is no padding.
    static func base64(_ bytes: [UInt8]) -> String {
        precondition(bytes.count.isMultiple(of: 3), "padding is not written")
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group =
                Int(bytes[start]) << 16 | Int(bytes[start + 1]) << 8 | Int(bytes[start + 2])
            for shift in [18, 12, 6, 0] { text.append(self.digits[group >> shift & 0x3f]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let digits = [UInt8](
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )
}
