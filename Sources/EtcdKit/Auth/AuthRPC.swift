// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The methods of the service that keeps users and roles.
///
/// Only those that read are repeatable. Of the others some refuse to be executed twice (a second
/// `UserAdd` says that the user exists), so that a repetition could not tell success from failure;
/// and some do not mind, but would override what another administrator decided in between.
enum AuthRPC {
    private static let service = "etcdserverpb.Auth"

    /// Repeatable because a token more does no harm.
    static let authenticate = RPC<AuthenticateRequest, AuthenticateResponse>(
        service: service,
        method: "Authenticate",
        isRepeatable: true,
        needsToken: false
    )

    static let enable = RPC<AuthEnableRequest, AuthEnableResponse>(
        service: service,
        method: "AuthEnable",
        isRepeatable: false
    )

    static let disable = RPC<AuthDisableRequest, AuthDisableResponse>(
        service: service,
        method: "AuthDisable",
        isRepeatable: false
    )

    static let status = RPC<AuthStatusRequest, AuthStatusResponse>(
        service: service,
        method: "AuthStatus",
        since: "3.5",
        isRepeatable: true
    )

    // MARK: Users

    static let userAdd = RPC<AuthUserAddRequest, AuthUserAddResponse>(
        service: service,
        method: "UserAdd",
        isRepeatable: false
    )

    static let userGet = RPC<AuthUserGetRequest, AuthUserGetResponse>(
        service: service,
        method: "UserGet",
        isRepeatable: true
    )

    static let userList = RPC<AuthUserListRequest, AuthUserListResponse>(
        service: service,
        method: "UserList",
        isRepeatable: true
    )

    static let userDelete = RPC<AuthUserDeleteRequest, AuthUserDeleteResponse>(
        service: service,
        method: "UserDelete",
        isRepeatable: false
    )

    static let userChangePassword = RPC<
        AuthUserChangePasswordRequest, AuthUserChangePasswordResponse
    >(
        service: service,
        method: "UserChangePassword",
        isRepeatable: false
    )

    static let userGrantRole = RPC<AuthUserGrantRoleRequest, AuthUserGrantRoleResponse>(
        service: service,
        method: "UserGrantRole",
        isRepeatable: false
    )

    static let userRevokeRole = RPC<AuthUserRevokeRoleRequest, AuthUserRevokeRoleResponse>(
        service: service,
        method: "UserRevokeRole",
        isRepeatable: false
    )

    // MARK: Roles

    static let roleAdd = RPC<AuthRoleAddRequest, AuthRoleAddResponse>(
        service: service,
        method: "RoleAdd",
        isRepeatable: false
    )

    static let roleGet = RPC<AuthRoleGetRequest, AuthRoleGetResponse>(
        service: service,
        method: "RoleGet",
        isRepeatable: true
    )

    static let roleList = RPC<AuthRoleListRequest, AuthRoleListResponse>(
        service: service,
        method: "RoleList",
        isRepeatable: true
    )

    static let roleDelete = RPC<AuthRoleDeleteRequest, AuthRoleDeleteResponse>(
        service: service,
        method: "RoleDelete",
        isRepeatable: false
    )

    static let roleGrantPermission = RPC<
        AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionResponse
    >(
        service: service,
        method: "RoleGrantPermission",
        isRepeatable: false
    )

    static let roleRevokePermission = RPC<
        AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse
    >(
        service: service,
        method: "RoleRevokePermission",
        isRepeatable: false
    )
}
