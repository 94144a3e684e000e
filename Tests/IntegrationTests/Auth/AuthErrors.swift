// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

/// The code of the error that a body must fail with; nil if it does not fail so.
func etcdErrorCode(_ body: () async throws -> Void) async -> EtcdError.Code? {
    do {
        try await body()
        return nil
    } catch {
        return (error as? EtcdError)?.code
    }
}

extension EtcdAuth {
    /// The user and the role without which authentication cannot be enabled.
    func addRoot(password: String = "right") async throws {
        try await self.addUser("root", password: password)
        try await self.addRole("root")
        try await self.grantRole("root", to: "root")
    }
}

extension EtcdClient.Credentials {
    static var root: Self { Self(user: "root", password: "right") }
}
