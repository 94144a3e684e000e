// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdAuth {
    /// Adds a role without permissions.
    ///
    /// When the call is made again after ``EtcdError/Code/ambiguous``,
    /// ``EtcdError/Code/roleExists`` means that it was executed the first time, unless somebody
    /// else adds roles too.
    ///
    /// - Parameter name: The role's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/roleExists``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func addRole(_ name: String) async throws {
        try Self.check(role: name)
        _ = try await self.perform(AuthRPC.roleAdd, AuthRoleAddRequest(name: name))
    }

    /// Asks for the permissions of a role.
    ///
    /// A user who has the role may ask, too.
    ///
    /// - Parameter name: The role's name; not empty.
    /// - Returns: The role.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/roleNotFound``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func role(_ name: String) async throws -> EtcdRole {
        try Self.check(role: name)
        let response = try await self.perform(
            AuthRPC.roleGet,
            AuthRoleGetRequest(role: name)
        )
        return EtcdRole(name: name, permissions: response.permissions.map(EtcdPermission.init))
    }

    /// Lists all roles.
    ///
    /// - Returns: Their names.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func roles() async throws -> [String] {
        try await self.perform(AuthRPC.roleList, AuthRoleListRequest()).roles
    }

    /// Deletes a role, and takes it from all users.
    ///
    /// While authentication is enabled, the role `root` cannot be deleted. When the call is made
    /// again after ``EtcdError/Code/ambiguous``, ``EtcdError/Code/roleNotFound`` means that the
    /// role is gone.
    ///
    /// - Parameter name: The role's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/roleNotFound``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func deleteRole(_ name: String) async throws {
        try Self.check(role: name)
        _ = try await self.perform(AuthRPC.roleDelete, AuthRoleDeleteRequest(role: name))
    }

    /// Lets a role do something with the keys of a range.
    ///
    /// What the role may do with exactly this range is replaced; other ranges, even if they
    /// overlap, stay as they are. Doing it again changes nothing.
    ///
    /// - Parameters:
    ///   - permission: What is allowed, and on which keys; a range that holds no keys is refused.
    ///   - role: The role's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/roleNotFound``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func grant(_ permission: EtcdPermission, to role: String) async throws {
        try Self.check(role: role)
        try permission.range.checkForGrant()
        let request = AuthRoleGrantPermissionRequest(
            name: role,
            permission: Permission(permission)
        )
        _ = try await self.perform(AuthRPC.roleGrantPermission, request)
    }

    /// Takes from a role what it may do with a range.
    ///
    /// The range has to be exactly one that was granted: a part of it cannot be taken out. When the
    /// call is made again after ``EtcdError/Code/ambiguous``,
    /// ``EtcdError/Code/permissionNotGranted`` means that the permission is gone.
    ///
    /// - Parameters:
    ///   - range: The range, as it was granted or as ``role(_:)`` shows it.
    ///   - role: The role's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/roleNotFound``,
    ///   ``EtcdError/Code/permissionNotGranted``, ``EtcdError/Code/invalidArgument``;
    ///   `CancellationError` if the task was cancelled.
    public func revokePermission(on range: EtcdKeyRange, from role: String) async throws {
        try Self.check(role: role)
        let request = AuthRoleRevokePermissionRequest(
            role: role,
            key: range.start,
            rangeEnd: range.wireEnd
        )
        _ = try await self.perform(AuthRPC.roleRevokePermission, request)
    }
}

/// A role, as ``EtcdAuth/role(_:)`` finds it.
public struct EtcdRole: Sendable, Hashable {
    /// The role's name.
    public var name: String

    /// What the role may do.
    ///
    /// The role `root` may do everything, whatever stands here.
    public var permissions: [EtcdPermission]

    /// Makes a role from its parts.
    ///
    /// - Parameters:
    ///   - name: The role's name.
    ///   - permissions: What it may do.
    public init(name: String, permissions: [EtcdPermission]) {
        self.name = name
        self.permissions = permissions
    }
}
