// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdAuth {
    /// Adds a user who proves who it is with a password.
    ///
    /// The password goes to the server as it is, which stores a hash of it: use TLS. When the call
    /// is made again after ``EtcdError/Code/ambiguous``, ``EtcdError/Code/userExists`` means that it
    /// was executed the first time, unless somebody else adds users too.
    ///
    /// - Parameters:
    ///   - name: The user's name; not empty.
    ///   - password: The password; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userExists``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func addUser(_ name: String, password: String) async throws {
        try Self.check(user: name)
        try Self.check(password: password)
        let request = AuthUserAddRequest(name: name, password: password)
        _ = try await self.perform(AuthRPC.userAdd, request)
    }

    /// Adds a user who cannot log in with a password, only with a client certificate whose common
    /// name is the user's name.
    ///
    /// Needs etcd 3.4 or newer; the server must check client certificates (`--client-cert-auth`).
    /// What ``addUser(_:password:)`` says of a lost answer holds here too.
    ///
    /// - Parameter name: The user's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userExists``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func addUserWithoutPassword(_ name: String) async throws {
        try Self.check(user: name)
        let request = AuthUserAddRequest(name: name, options: UserAddOptions(noPassword: true))
        _ = try await self.perform(AuthRPC.userAdd, request)
    }

    /// Asks for the roles of a user.
    ///
    /// A user may ask for its own, too.
    ///
    /// - Parameter name: The user's name; not empty.
    /// - Returns: The user.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userNotFound``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func user(_ name: String) async throws -> EtcdUser {
        try Self.check(user: name)
        let response = try await self.perform(
            AuthRPC.userGet,
            AuthUserGetRequest(name: name)
        )
        return EtcdUser(name: name, roles: response.roles)
    }

    /// Lists all users.
    ///
    /// - Returns: Their names.
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func users() async throws -> [String] {
        try await self.perform(AuthRPC.userList, AuthUserListRequest()).users
    }

    /// Deletes a user.
    ///
    /// Its tokens are not accepted any more; watches that are open go on. While authentication is
    /// enabled, the user `root` cannot be deleted. When the call is made again after
    /// ``EtcdError/Code/ambiguous``, ``EtcdError/Code/userNotFound`` means that the user is gone.
    ///
    /// - Parameter name: The user's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userNotFound``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func deleteUser(_ name: String) async throws {
        try Self.check(user: name)
        _ = try await self.perform(AuthRPC.userDelete, AuthUserDeleteRequest(name: name))
    }

    /// Gives a user another password.
    ///
    /// The user's tokens are not accepted any more: a client with the old password cannot go on
    /// after that, not even the one that makes this call. Doing it again changes nothing but
    /// that. A user that was added without password stays without one; etcd does not say so.
    ///
    /// - Parameters:
    ///   - name: The user's name; not empty.
    ///   - password: The new password; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userNotFound``,
    ///   ``EtcdError/Code/invalidArgument``; `CancellationError` if the task was cancelled.
    public func changePassword(of name: String, to password: String) async throws {
        try Self.check(user: name)
        try Self.check(password: password)
        let request = AuthUserChangePasswordRequest(name: name, password: password)
        _ = try await self.perform(AuthRPC.userChangePassword, request)
    }

    /// Gives a user a role.
    ///
    /// Doing it again changes nothing.
    ///
    /// - Parameters:
    ///   - role: The role's name; not empty. `root` need not exist as a role.
    ///   - name: The user's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userNotFound``,
    ///   ``EtcdError/Code/roleNotFound``, ``EtcdError/Code/invalidArgument``; `CancellationError`
    ///   if the task was cancelled.
    public func grantRole(_ role: String, to name: String) async throws {
        try Self.check(role: role)
        try Self.check(user: name)
        let request = AuthUserGrantRoleRequest(user: name, role: role)
        _ = try await self.perform(AuthRPC.userGrantRole, request)
    }

    /// Takes a role from a user.
    ///
    /// While authentication is enabled, `root` cannot lose the role `root`. When the call is made
    /// again after ``EtcdError/Code/ambiguous``, ``EtcdError/Code/roleNotGranted`` means that the
    /// user does not have the role any more.
    ///
    /// - Parameters:
    ///   - role: The role's name; not empty.
    ///   - name: The user's name; not empty.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/userNotFound``,
    ///   ``EtcdError/Code/roleNotGranted``, ``EtcdError/Code/invalidArgument``;
    ///   `CancellationError` if the task was cancelled.
    public func revokeRole(_ role: String, from name: String) async throws {
        try Self.check(role: role)
        try Self.check(user: name)
        let request = AuthUserRevokeRoleRequest(name: name, role: role)
        _ = try await self.perform(AuthRPC.userRevokeRole, request)
    }
}

/// A user, as ``EtcdAuth/user(_:)`` finds it.
public struct EtcdUser: Sendable, Hashable {
    /// The user's name.
    public var name: String

    /// The names of its roles.
    public var roles: [String]

    /// Makes a user from its parts.
    ///
    /// - Parameters:
    ///   - name: The user's name.
    ///   - roles: The names of its roles.
    public init(name: String, roles: [String]) {
        self.name = name
        self.roles = roles
    }
}
