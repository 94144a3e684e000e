// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The users and roles of a cluster, and whether they matter.
///
/// Users have roles, roles have permissions on ranges of keys. Once authentication is enabled, each
/// call needs a user whose roles permit it; only a user with the role `root` may call what is here.
///
/// ```swift
/// let auth = client.auth
/// try await auth.addUser("root", password: rootPassword)
/// try await auth.addRole("root")
/// try await auth.grantRole("root", to: "root")
/// try await auth.addUser("app", password: appPassword)
/// try await auth.addRole("app")
/// try await auth.grant(EtcdPermission(.readWrite, .prefix("app/")), to: "app")
/// try await auth.grantRole("app", to: "app")
/// try await auth.enable()
/// ```
///
/// A client with ``EtcdClient/Configuration/credentials`` goes on working when authentication is
/// enabled or disabled, or users are changed: its calls get a token when they need one. Watches
/// and lease sessions that are open go on too.
///
/// Calls that change something are not repeated when their answer is lost: they fail with
/// ``EtcdError/Code/ambiguous``. Each says what happens when it is made again.
///
/// Names of users, passwords and keys never appear in errors or logs. Namespaces of a client do not
/// apply here: ranges are those of the whole cluster.
public struct EtcdAuth: Sendable {
    let client: EtcdClient

    /// Makes the cluster ask for users from now on.
    ///
    /// There has to be a user `root` with the role `root`. A client without credentials or a client
    /// certificate is shut out by this, so give it some first. Enabling it again changes nothing;
    /// it then needs the user `root`.
    ///
    /// - Throws: ``EtcdError``: ``EtcdError/Code/rootUserMissing`` if nobody could administer the
    ///   cluster afterwards; `CancellationError` if the task was cancelled.
    public func enable() async throws {
        _ = try await self.perform(AuthRPC.enable, AuthEnableRequest())
    }

    /// Lets everybody do everything from now on.
    ///
    /// Users and roles stay. Disabling it again changes nothing.
    ///
    /// - Throws: ``EtcdError``; `CancellationError` if the task was cancelled.
    public func disable() async throws {
        _ = try await self.perform(AuthRPC.disable, AuthDisableRequest())
    }

    /// Asks whether authentication is enabled.
    ///
    /// Needs etcd 3.5 or newer. While it is enabled only the user `root` is answered, before
    /// etcd 3.7.
    ///
    /// - Returns: The status.
    /// - Throws: ``EtcdError``: ``EtcdError/Code/unsupported`` from older servers;
    ///   `CancellationError` if the task was cancelled.
    public func status() async throws -> EtcdAuthStatus {
        let response = try await self.perform(AuthRPC.status, AuthStatusRequest())
        return EtcdAuthStatus(isEnabled: response.enabled, revision: response.authRevision)
    }

    func perform<Request: WireMessage, Response: WireMessage>(
        _ rpc: RPC<Request, Response>,
        _ request: Request
    ) async throws -> Response {
        try await self.client.core.perform(rpc, request, timeout: self.client.requestTimeout)
    }
}

extension EtcdClient {
    /// The users and roles of the cluster.
    public var auth: EtcdAuth {
        EtcdAuth(client: self)
    }
}

/// Whether a cluster asks for users.
public struct EtcdAuthStatus: Sendable, Hashable {
    /// Whether calls need a user.
    public var isEnabled: Bool

    /// Counts the changes of users, roles and permissions.
    ///
    /// It has nothing to do with the revision of keys.
    public var revision: UInt64

    /// Makes a status from its parts.
    ///
    /// - Parameters:
    ///   - isEnabled: Whether calls need a user.
    ///   - revision: The number of changes so far.
    public init(isEnabled: Bool, revision: UInt64) {
        self.isEnabled = isEnabled
        self.revision = revision
    }
}
