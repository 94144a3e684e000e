// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

private let header = ResponseHeader(revision: 7)

extension Golden {
    static let auth: [Golden] = switches + users + roles

    private static let switches: [Golden] = [
        Golden(
            "etcdserverpb.AuthenticateRequest",
            #"name: "root" password: "pässword""#,
            AuthenticateRequest(name: "root", password: "pässword"),
            "0a04726f6f74120970c3a47373776f7264"
        ),
        Golden(
            "etcdserverpb.AuthenticateResponse",
            #"header { revision: 7 } token: "t.1""#,
            AuthenticateResponse(header: header, token: "t.1"),
            "0a0218071203742e31"
        ),
        Golden("etcdserverpb.AuthEnableRequest", "", AuthEnableRequest(), ""),
        Golden(
            "etcdserverpb.AuthEnableResponse",
            "header { revision: 7 }",
            AuthEnableResponse(header: header),
            "0a021807"
        ),
        Golden("etcdserverpb.AuthDisableRequest", "", AuthDisableRequest(), ""),
        Golden(
            "etcdserverpb.AuthDisableResponse",
            "header { revision: 7 }",
            AuthDisableResponse(header: header),
            "0a021807"
        ),
        Golden("etcdserverpb.AuthStatusRequest", "", AuthStatusRequest(), ""),
        Golden(
            "etcdserverpb.AuthStatusResponse",
            "header { revision: 7 } enabled: true authRevision: 4",
            AuthStatusResponse(header: header, enabled: true, authRevision: 4),
            "0a02180710011804"
        ),
    ]

    private static let users: [Golden] = [
        Golden(
            "authpb.UserAddOptions",
            "no_password: true",
            UserAddOptions(noPassword: true),
            "0801"
        ),
        Golden(
            "etcdserverpb.AuthUserAddRequest",
            #"name: "u" password: "p" options { no_password: true } hashedPassword: "h""#,
            AuthUserAddRequest(
                name: "u",
                password: "p",
                options: UserAddOptions(noPassword: true),
                hashedPassword: "h"
            ),
            "0a01751201701a020801220168"
        ),
        Golden(
            "etcdserverpb.AuthUserAddResponse",
            "header { revision: 7 }",
            AuthUserAddResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthUserGetRequest",
            #"name: "u""#,
            AuthUserGetRequest(name: "u"),
            "0a0175"
        ),
        Golden(
            "etcdserverpb.AuthUserGetResponse",
            #"header { revision: 7 } roles: "a" roles: "" roles: "b""#,
            AuthUserGetResponse(header: header, roles: ["a", "", "b"]),
            "0a0218071201611200120162"
        ),
        Golden("etcdserverpb.AuthUserListRequest", "", AuthUserListRequest(), ""),
        Golden(
            "etcdserverpb.AuthUserListResponse",
            #"header { revision: 7 } users: "u" users: "v""#,
            AuthUserListResponse(header: header, users: ["u", "v"]),
            "0a021807120175120176"
        ),
        Golden(
            "etcdserverpb.AuthUserDeleteRequest",
            #"name: "u""#,
            AuthUserDeleteRequest(name: "u"),
            "0a0175"
        ),
        Golden(
            "etcdserverpb.AuthUserDeleteResponse",
            "header { revision: 7 }",
            AuthUserDeleteResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthUserChangePasswordRequest",
            #"name: "u" password: "p" hashedPassword: "h""#,
            AuthUserChangePasswordRequest(name: "u", password: "p", hashedPassword: "h"),
            "0a01751201701a0168"
        ),
        Golden(
            "etcdserverpb.AuthUserChangePasswordResponse",
            "header { revision: 7 }",
            AuthUserChangePasswordResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthUserGrantRoleRequest",
            #"user: "u" role: "r""#,
            AuthUserGrantRoleRequest(user: "u", role: "r"),
            "0a0175120172"
        ),
        Golden(
            "etcdserverpb.AuthUserGrantRoleResponse",
            "header { revision: 7 }",
            AuthUserGrantRoleResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthUserRevokeRoleRequest",
            #"name: "u" role: "r""#,
            AuthUserRevokeRoleRequest(name: "u", role: "r"),
            "0a0175120172"
        ),
        Golden(
            "etcdserverpb.AuthUserRevokeRoleResponse",
            "header { revision: 7 }",
            AuthUserRevokeRoleResponse(header: header),
            "0a021807"
        ),
    ]

    private static let roles: [Golden] = [
        Golden(
            "authpb.Permission",
            #"permType: READWRITE key: "k" range_end: "l""#,
            Permission(
                permissionType: .readWrite,
                key: Array("k".utf8),
                rangeEnd: Array("l".utf8)
            ),
            "080212016b1a016c"
        ),
        Golden("authpb.Permission", "permType: WRITE", Permission(permissionType: .write), "0801"),
        Golden(
            "etcdserverpb.AuthRoleAddRequest",
            #"name: "r""#,
            AuthRoleAddRequest(name: "r"),
            "0a0172"
        ),
        Golden(
            "etcdserverpb.AuthRoleAddResponse",
            "header { revision: 7 }",
            AuthRoleAddResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthRoleGetRequest",
            #"role: "r""#,
            AuthRoleGetRequest(role: "r"),
            "0a0172"
        ),
        Golden(
            "etcdserverpb.AuthRoleGetResponse",
            #"header { revision: 7 } perm { key: "k" } perm { permType: WRITE }"#,
            AuthRoleGetResponse(
                header: header,
                permissions: [
                    Permission(key: Array("k".utf8)), Permission(permissionType: .write),
                ]
            ),
            "0a021807120312016b12020801"
        ),
        Golden("etcdserverpb.AuthRoleListRequest", "", AuthRoleListRequest(), ""),
        Golden(
            "etcdserverpb.AuthRoleListResponse",
            #"header { revision: 7 } roles: "r" roles: "s""#,
            AuthRoleListResponse(header: header, roles: ["r", "s"]),
            "0a021807120172120173"
        ),
        Golden(
            "etcdserverpb.AuthRoleDeleteRequest",
            #"role: "r""#,
            AuthRoleDeleteRequest(role: "r"),
            "0a0172"
        ),
        Golden(
            "etcdserverpb.AuthRoleDeleteResponse",
            "header { revision: 7 }",
            AuthRoleDeleteResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthRoleGrantPermissionRequest",
            #"name: "r" perm { key: "k" }"#,
            AuthRoleGrantPermissionRequest(
                name: "r",
                permission: Permission(key: Array("k".utf8))
            ),
            "0a0172120312016b"
        ),
        Golden(
            "etcdserverpb.AuthRoleGrantPermissionResponse",
            "header { revision: 7 }",
            AuthRoleGrantPermissionResponse(header: header),
            "0a021807"
        ),
        Golden(
            "etcdserverpb.AuthRoleRevokePermissionRequest",
            #"role: "r" key: "k" range_end: "l""#,
            AuthRoleRevokePermissionRequest(
                role: "r",
                key: Array("k".utf8),
                rangeEnd: Array("l".utf8)
            ),
            "0a017212016b1a016c"
        ),
        Golden(
            "etcdserverpb.AuthRoleRevokePermissionResponse",
            "header { revision: 7 }",
            AuthRoleRevokePermissionResponse(header: header),
            "0a021807"
        ),
    ]
}
