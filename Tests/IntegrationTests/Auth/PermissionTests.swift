// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct PermissionTests {
    private static let everyKind: [EtcdPermission] = [
        .init(.read, .key("one")),
        .init(.write, .key([0x00])),
        .init(.readWrite, .key([0xff, 0xff])),
        .init(.read, .prefix("dir/")),
        .init(.write, .prefix([0x61, 0xff])),
        .init(.readWrite, .prefix([0xff])),
        .init(.read, .range("k", "m")),
        .init(.write, .range("", "b")),
        .init(.readWrite, .from("z")),
        .init(.read, .all),
    ]

    @Test(arguments: EtcdVersion.allCases)
    func aRoleShowsThePermissionsAsTheyWereGranted(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let auth = client.auth
            try await auth.addRole("every")
            for permission in Self.everyKind { try await auth.grant(permission, to: "every") }
            let role = try await auth.role("every")
            #expect(role.name == "every")
            #expect(role.permissions.count == Self.everyKind.count)
            #expect(Set(role.permissions) == Set(Self.everyKind))
            // What was read is good for taking it back.
            for permission in role.permissions {
                try await auth.revokePermission(on: permission.range, from: "every")
            }
            #expect(try await auth.role("every").permissions == [])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func grantingARangeAgainReplacesWhatItAllows(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let auth = client.auth
            try await auth.addRole("role")
            for access in [EtcdPermission.Access.read, .readWrite, .readWrite, .write] {
                try await auth.grant(.init(access, .prefix("a/")), to: "role")
                #expect(
                    try await auth.role("role").permissions == [.init(access, .prefix("a/"))]
                )
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func etcdctlAndWeNameRangesAlike(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let auth = client.auth
            try await auth.addRole("role")
            for (arguments, permission) in [
                (["read", "one"], EtcdPermission(.read, .key("one"))),
                (["write", "--prefix", "dir/"], .init(.write, .prefix("dir/"))),
                (["readwrite", "k", "m"], .init(.readWrite, .range("k", "m"))),
                (["read", "--from-key", "z"], .init(.read, .from("z"))),
                (["readwrite", "--prefix", ""], .init(.readWrite, .all)),
            ] {
                let command = try await etcd.startEtcdctl(
                    ["role", "grant-permission", "role"] + arguments
                )
                #expect(await command.waitOrKill().isSuccess)
                #expect(try await auth.role("role").permissions == [permission])
                try await auth.revokePermission(on: permission.range, from: "role")
            }
        }
    }

    /// Whether an operation is permitted, for a user with one permission each.
    @Test(arguments: EtcdVersion.allCases)
    func permissionsAreEnforcedAsTheyRead(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let auth = client.auth
            try await auth.addRoot()
            let permissions: [String: EtcdPermission] = [
                "key": .init(.readWrite, .key("k")),
                "range": .init(.readWrite, .range("k", "m")),
                "prefix": .init(.readWrite, .prefix("k")),
                "from": .init(.readWrite, .from("k")),
                "all": .init(.readWrite, .all),
                "read": .init(.read, .prefix("k")),
                "write": .init(.write, .prefix("k")),
            ]
            for (name, permission) in permissions {
                try await auth.addUser(name, password: name)
                try await auth.addRole(name)
                try await auth.grant(permission, to: name)
                try await auth.grantRole(name, to: name)
            }
            try await auth.enable()

            let keys = ["a", "k", "k/1", "l", "m", "z"]
            let writable: [String: Set<String>] = [
                "key": ["k"], "range": ["k", "k/1", "l"], "prefix": ["k", "k/1"],
                "from": ["k", "k/1", "l", "m", "z"], "all": Set(keys),
                "read": [], "write": ["k", "k/1"],
            ]
            let readable = writable.merging(["read": ["k", "k/1"], "write": []]) { $1 }
            for name in permissions.keys {
                let configuration = EtcdClient.Configuration(
                    endpoints: [etcd.endpoint],
                    credentials: .init(user: name, password: name)
                )
                try await withEtcdClient(configuration: configuration) { user in
                    var written: Set<String> = []
                    var read: Set<String> = []
                    for key in keys {
                        let put = await etcdErrorCode { try await user.put(key, "v") }
                        #expect(put == nil || put == .permissionDenied)
                        if put == nil { written.insert(key) }
                        let get = await etcdErrorCode { _ = try await user.get(key) }
                        #expect(get == nil || get == .permissionDenied)
                        if get == nil { read.insert(key) }
                    }
                    #expect(written == writable[name], "written by \(name)")
                    #expect(read == readable[name], "read by \(name)")

                    // A range is permitted if all of it is.
                    let prefix = await etcdErrorCode { _ = try await user.range(.prefix("k")) }
                    let mayListPrefix = ["range", "prefix", "from", "all", "read"].contains(name)
                    #expect(prefix == (mayListPrefix ? nil : .permissionDenied), "by \(name)")
                    let all = await etcdErrorCode { _ = try await user.range(.all) }
                    #expect(all == (name == "all" ? nil : .permissionDenied), "by \(name)")
                    let own = await etcdErrorCode { _ = try await user.auth.user(name) }
                    #expect(own == nil)
                    let other = await etcdErrorCode { _ = try await user.auth.user("root") }
                    #expect(other == .permissionDenied)
                    let list = await etcdErrorCode { _ = try await user.auth.users() }
                    #expect(list == .permissionDenied)
                }
            }
        }
    }
}
