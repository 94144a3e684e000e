// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct UserTests {
    @Test(arguments: EtcdVersion.allCases)
    func usersComeGetRolesAndGo(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let auth = client.auth
            #expect(try await auth.users() == [])
            try await auth.addUser("anna", password: "secret")
            try await auth.addUserWithoutPassword("ben")
            #expect(try await Set(auth.users()) == ["anna", "ben"])
            #expect(try await auth.user("anna") == EtcdUser(name: "anna", roles: []))

            try await auth.addRole("reader")
            try await auth.addRole("writer")
            try await auth.grantRole("reader", to: "anna")
            try await auth.grantRole("writer", to: "anna")
            #expect(try await auth.user("anna").roles.sorted() == ["reader", "writer"])
            // As others see it.
            #expect(try await etcd.etcdctl("user", "get", "anna").contains("reader writer"))
            try await auth.revokeRole("reader", from: "anna")
            #expect(try await auth.user("anna").roles == ["writer"])
            // A role that goes leaves its users.
            try await auth.deleteRole("writer")
            #expect(try await auth.user("anna").roles == [])
            #expect(try await auth.roles() == ["reader"])

            try await auth.deleteUser("anna")
            #expect(try await auth.users() == ["ben"])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aPasswordLogsInUntilItIsChanged(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let auth = client.auth
            try await auth.addRoot()
            try await auth.addUser("anna", password: "first")
            try await auth.addRole("anna")
            try await auth.grant(EtcdPermission(.readWrite, .prefix("a/")), to: "anna")
            try await auth.grantRole("anna", to: "anna")
            try await auth.enable()

            func put(password: String) async throws {
                let configuration = EtcdClient.Configuration(
                    endpoints: [etcd.endpoint],
                    credentials: .init(user: "anna", password: password)
                )
                try await withEtcdClient(configuration: configuration) { anna in
                    _ = try await anna.put("a/1", password)
                }
            }
            try await put(password: "first")
            let root = EtcdClient.Configuration(endpoints: [etcd.endpoint], credentials: .root)
            try await withEtcdClient(configuration: root) { root in
                try await root.auth.changePassword(of: "anna", to: "second")
                // Doing it again is no error.
                try await root.auth.changePassword(of: "anna", to: "second")
            }
            let old = await etcdErrorCode { try await put(password: "first") }
            #expect(old == .authenticationFailed)
            try await put(password: "second")
        }
    }

    /// The bcrypt hash of `pw`.
    private static let hash = "$2b$10$No.L0qvdp5K0oskynHYEeOo2IxhBRHN1mtZl/O9O0yCsjZlsroSOe"

    @Test func aHashSetsThePassword() async throws {
        try await withEtcdAndClient(.v3_5) { etcd, client in
            let auth = client.auth
            try await auth.addRoot()
            try await auth.addUser("anna", password: "random")
            try await auth.addUserWithoutPassword("ben")
            try await auth.changePassword(of: "anna", toHash: Self.hash)
            // Neither sets the password of a user who has none.
            try await auth.changePassword(of: "ben", toHash: Self.hash)
            try await auth.changePassword(of: "ben", to: "pw")
            let nobody = await etcdErrorCode {
                try await auth.changePassword(of: "nobody", toHash: Self.hash)
            }
            #expect(nobody == .userNotFound)
            try await auth.enable()
            for (user, password, code) in [
                ("anna", "pw", nil), ("anna", "random", .authenticationFailed),
                ("ben", "pw", .authenticationFailed),
            ] as [(String, String, EtcdError.Code?)] {
                let configuration = EtcdClient.Configuration(
                    endpoints: [etcd.endpoint],
                    credentials: .init(user: user, password: password)
                )
                try await withEtcdClient(configuration: configuration) { client in
                    let result = await etcdErrorCode { _ = try await client.auth.user(user) }
                    #expect(result == code, "\(user) with \(password)")
                }
            }
        }
    }

    @Test func aHashIsNotSentToAServerThatIgnoresIt() async throws {
        try await withEtcdAndClient(.v3_4) { etcd, client in
            let auth = client.auth
            try await auth.addRoot()
            let code = await etcdErrorCode {
                try await auth.changePassword(of: "root", toHash: Self.hash)
            }
            #expect(code == .unsupported)
            let malformed = await etcdErrorCode {
                try await auth.changePassword(of: "root", toHash: "right")
            }
            #expect(malformed == .invalidArgument)
            // The password is still what it was.
            try await auth.enable()
            let root = EtcdClient.Configuration(endpoints: [etcd.endpoint], credentials: .root)
            try await withEtcdClient(configuration: root) { root in
                _ = try await root.auth.users()
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func whatCannotBeDoneHasItsOwnCode(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let auth = client.auth
            try await auth.addUser("anna", password: "secret")
            try await auth.addRole("reader")
            let codes = [
                await etcdErrorCode { try await auth.addUser("anna", password: "x") },
                await etcdErrorCode { try await auth.addUserWithoutPassword("anna") },
                await etcdErrorCode { _ = try await auth.user("nobody") },
                await etcdErrorCode { try await auth.deleteUser("nobody") },
                await etcdErrorCode { try await auth.changePassword(of: "nobody", to: "x") },
                await etcdErrorCode { try await auth.grantRole("reader", to: "nobody") },
                await etcdErrorCode { try await auth.grantRole("none", to: "anna") },
                await etcdErrorCode { try await auth.revokeRole("reader", from: "nobody") },
                await etcdErrorCode { try await auth.revokeRole("reader", from: "anna") },
                await etcdErrorCode { try await auth.addRole("reader") },
                await etcdErrorCode { _ = try await auth.role("none") },
                await etcdErrorCode { try await auth.deleteRole("none") },
                await etcdErrorCode { try await auth.grant(.init(.read, .all), to: "none") },
                await etcdErrorCode { try await auth.revokePermission(on: .all, from: "none") },
                await etcdErrorCode { try await auth.revokePermission(on: .all, from: "reader") },
            ]
            #expect(
                codes == [
                    .userExists, .userExists, .userNotFound, .userNotFound, .userNotFound,
                    .userNotFound, .roleNotFound, .userNotFound, .roleNotGranted, .roleExists,
                    .roleNotFound, .roleNotFound, .roleNotFound, .roleNotFound,
                    .permissionNotGranted,
                ]
            )
        }
    }

    @Test func whatEtcdWouldMisunderstandIsNotSent() async throws {
        // Nobody listens there: only what is refused before sending fails so.
        let client = try EtcdClient(configuration: .init(endpoints: ["127.0.0.1:1"]))
        let auth = client.auth
        let codes = [
            await etcdErrorCode { try await auth.addUser("", password: "x") },
            await etcdErrorCode { try await auth.addUser("anna", password: "") },
            await etcdErrorCode { try await auth.addUserWithoutPassword("") },
            await etcdErrorCode { _ = try await auth.user("") },
            await etcdErrorCode { try await auth.deleteUser("") },
            await etcdErrorCode { try await auth.changePassword(of: "", to: "x") },
            await etcdErrorCode { try await auth.changePassword(of: "anna", to: "") },
            await etcdErrorCode { try await auth.grantRole("", to: "anna") },
            await etcdErrorCode { try await auth.grantRole("reader", to: "") },
            await etcdErrorCode { try await auth.revokeRole("", from: "anna") },
            await etcdErrorCode { try await auth.revokeRole("reader", from: "") },
            await etcdErrorCode { try await auth.addRole("") },
            await etcdErrorCode { _ = try await auth.role("") },
            await etcdErrorCode { try await auth.deleteRole("") },
            await etcdErrorCode { try await auth.grant(.init(.read, .all), to: "") },
            await etcdErrorCode { try await auth.grant(.init(.read, .key("")), to: "a") },
            await etcdErrorCode { try await auth.grant(.init(.read, .range("b", "a")), to: "a") },
            await etcdErrorCode { try await auth.revokePermission(on: .all, from: "") },
        ]
        #expect(codes == Array(repeating: .invalidArgument, count: codes.count))
        await client.shutdown()
    }

    @Test func aLostAnswerIsAmbiguousAndTheNextOneTells() async throws {
        try await withEtcd(.v3_5) { etcd in
            let proxy = try FaultProxy(to: etcd.port)
            defer { proxy.close() }
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint(through: proxy)]
            )
            try await withEtcdClient(configuration: configuration) { client in
                let auth = client.auth
                let before = try await auth.users()
                #expect(before == [])
                proxy.dropNextAnswer()
                let lost = await etcdErrorCode { try await auth.addUser("anna", password: "x") }
                #expect(lost == .ambiguous)
                let again = await etcdErrorCode { try await auth.addUser("anna", password: "x") }
                #expect(again == .userExists)
                // A read is asked for again.
                proxy.dropNextAnswer()
                #expect(try await auth.users() == ["anna"])
                #expect(proxy.droppedAnswers == 2)
            }
        }
    }

    @Test func neitherErrorsNorLogsShowNamesAndPasswords() async throws {
        try await withEtcd(.v3_5) { etcd in
            let log = LogCapture()
            var configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: .init(user: "hidden-me", password: "hidden-mine")
            )
            configuration.logger = log.logger
            var errors: [String] = []
            try await withEtcdClient(configuration: configuration) { client in
                let auth = client.auth
                try await auth.addUser("hidden-user", password: "hidden-password")
                do {
                    try await auth.addUser("hidden-user", password: "hidden-password")
                } catch {
                    errors += ["\(error)", String(reflecting: error)]
                }
                do {
                    try await auth.grantRole("hidden-role", to: "hidden-user")
                } catch {
                    errors += ["\(error)", String(reflecting: error)]
                }
                try await auth.addRoot()
                try await auth.enable()
                do {
                    _ = try await auth.users()
                } catch {
                    errors += ["\(error)", String(reflecting: error)]
                }
            }
            #expect(errors.count == 6)
            for text in errors + log.messages() {
                #expect(!text.contains("hidden"))
            }
        }
    }
}
