// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire

extension Refusal {
    /// About users, on one server whose authentication is not enabled yet.
    static let users: [Refusal] = [
        Refusal("authentication is not enabled", .authenticationNotEnabled) { scene in
            try await scene.authenticate("root", "right")
        },
        Refusal("root user does not exist", .rootUserMissing) { scene in
            try await scene.auth("AuthEnable", AuthEnableRequest())
        },
        Refusal(
            "root user does not have root role",
            .rootUserMissing,
            after: { try await $0.add(user: "root") },
            by: { try await $0.auth("AuthEnable", AuthEnableRequest()) }
        ),
        Refusal("user name already exists", .userExists) { scene in
            try await scene.auth("UserAdd", AuthUserAddRequest(name: "root", password: "x"))
        },
        Refusal("user name not found", .userNotFound) { scene in
            try await scene.auth("UserGet", AuthUserGetRequest(name: "nobody"))
        },
        Refusal("role name is empty", .invalidArgument) { scene in
            try await scene.auth("RoleAdd", AuthRoleAddRequest())
        },
        Refusal(
            "role name already exists",
            .roleExists,
            after: { try await $0.mustAuth("RoleAdd", AuthRoleAddRequest(name: "reader")) },
            by: { try await $0.auth("RoleAdd", AuthRoleAddRequest(name: "reader")) }
        ),
        Refusal("role name not found", .roleNotFound) { scene in
            try await scene.auth("RoleGet", AuthRoleGetRequest(role: "nothing"))
        },
        Refusal("role is not granted to the user", .roleNotGranted) { scene in
            try await scene.auth(
                "UserRevokeRole",
                AuthUserRevokeRoleRequest(name: "root", role: "reader")
            )
        },
        Refusal("permission is not granted to the role", .permissionNotGranted) { scene in
            try await scene.auth(
                "RoleRevokePermission",
                AuthRoleRevokePermissionRequest(role: "reader", key: [1])
            )
        },
    ]

    /// The same server, after authentication was enabled.
    static let authenticated: [Refusal] = [
        Refusal(
            "user name is empty",
            .unauthenticated,
            after: { scene in
                try await scene.add(user: "unit")
                try await scene.mustAuth(
                    "UserAdd",
                    AuthUserAddRequest(name: "bare", options: UserAddOptions(noPassword: true))
                )
                try await scene.mustAuth(
                    "UserGrantRole",
                    AuthUserGrantRoleRequest(user: "root", role: "root")
                )
                try await scene.mustAuth("AuthEnable", AuthEnableRequest())
            },
            by: { try await $0.put(PutRequest(key: [1])) }
        ),
        Refusal("invalid auth token", .unauthenticated) { scene in
            try await scene.caller.with(token: "nonsense").status(
                SingleCaller.kv,
                "Put",
                PutRequest(key: [1])
            )
        },
        Refusal("authentication failed, invalid user ID or password", .authenticationFailed) {
            try await $0.authenticate("root", "wrong")
        },
        Refusal(
            "authentication failed, password was given for no password user",
            .authenticationFailed
        ) {
            try await $0.authenticate("bare", "wrong")
        },
        Refusal("permission denied", .permissionDenied) { scene in
            let token = try await scene.caller.token("unit", "right")
            return try await scene.caller.with(token: token).status(
                SingleCaller.kv,
                "Put",
                PutRequest(key: [1])
            )
        },
        Refusal("invalid auth management", .invalidArgument) { scene in
            let token = try await scene.caller.token("root", "right")
            return try await scene.caller.with(token: token).status(
                SingleCaller.auth,
                "UserDelete",
                AuthUserDeleteRequest(name: "root")
            )
        },
    ]

    /// On a server whose tokens are signed, and hold only as long as users and roles stay the same.
    static let signedTokens: [Refusal] = [
        Self.outdatedToken("revision of auth store is old", on: .v3_4),
        Self.outdatedToken("revision in header is old", on: .v3_5),
    ]

    private static func outdatedToken(_ text: String, on version: EtcdVersion) -> Refusal {
        Refusal(text, .unauthenticated, on: [version]) { scene in
            try await scene.enableAuthentication()
            let token = try await scene.caller.token("root", "right")
            let root = scene.caller.with(token: token)
            try await root.succeed(SingleCaller.auth, "RoleAdd", AuthRoleAddRequest(name: "new"))
            return try await root.status(SingleCaller.kv, "Put", PutRequest(key: [1]))
        }
    }

    /// On a server that can check signed tokens and make none.
    static let checkedTokens: [Refusal] = [
        Refusal("token signing attempted with verify-only key", .unsupported) { scene in
            try await scene.enableAuthentication()
            return try await scene.authenticate("root", "right")
        }
    ]
}

extension Refusal.Scene {
    func auth(_ method: String, _ request: some WireMessage) async throws -> GRPCStatus {
        try await self.caller.status(SingleCaller.auth, method, request)
    }

    func mustAuth(_ method: String, _ request: some WireMessage) async throws {
        try await self.caller.succeed(SingleCaller.auth, method, request)
    }

    func authenticate(_ user: String, _ password: String) async throws -> GRPCStatus {
        try await self.auth("Authenticate", AuthenticateRequest(name: user, password: password))
    }

    func add(user: String) async throws {
        try await self.mustAuth("UserAdd", AuthUserAddRequest(name: user, password: "right"))
    }

    func enableAuthentication() async throws {
        try await self.add(user: "root")
        try await self.mustAuth(
            "UserGrantRole",
            AuthUserGrantRoleRequest(user: "root", role: "root")
        )
        try await self.mustAuth("AuthEnable", AuthEnableRequest())
    }
}
