// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct PasswordTests {
    private let root = EtcdClient.Credentials(user: "root", password: "right")
    private let unit = EtcdClient.Credentials(user: "unit", password: "right")

    /// Users root and unit; unit may read and write under `u/`.
    private func enableAuth(_ etcd: EtcdProcess) async throws {
        try await etcd.etcdctl("user", "add", "root:right")
        try await etcd.etcdctl("user", "grant-role", "root", "root")
        try await etcd.etcdctl("user", "add", "unit:right")
        try await etcd.etcdctl("role", "add", "unit")
        try await etcd.etcdctl("role", "grant-permission", "--prefix", "unit", "readwrite", "u/")
        try await etcd.etcdctl("user", "grant-role", "unit", "unit")
        try await etcd.etcdctl("auth", "enable")
    }

    @Test(arguments: EtcdVersion.allCases)
    func aUserMayDoWhatItsRoleGrants(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await self.enableAuth(etcd)
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: self.unit
            )
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("u/a", "1")
                #expect(try await client.get("u/a")?.value == "1")
                for denied in [EtcdKeyRange.key("other"), .prefix(""), .from("u/")] {
                    let error = await #expect(throws: EtcdError.self) {
                        try await client.range(denied)
                    }
                    #expect(error?.code == .permissionDenied)
                    #expect(error?.endpoint == etcd.endpoint)
                }
                let write = await #expect(throws: EtcdError.self) {
                    try await client.put("other", "1")
                }
                #expect(write?.code == .permissionDenied)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func wrongAndMissingCredentialsAreToldApart(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await self.enableAuth(etcd)
            var configuration = EtcdClient.Configuration(endpoints: [etcd.endpoint])
            let none = await self.errorOfPut(configuration)
            #expect(none?.code == .unauthenticated)
            #expect(none?.message.contains("credentials") == true)

            for credentials in [
                EtcdClient.Credentials(user: "unit", password: "hunter2"),
                EtcdClient.Credentials(user: "nobody", password: "hunter2"),
            ] {
                configuration.credentials = credentials
                let wrong = await self.errorOfPut(configuration)
                #expect(wrong?.code == .authenticationFailed)
                #expect(wrong?.isRetryable == false)
                #expect(wrong?.description.contains("hunter2") == false)
            }
        }
    }

    private func errorOfPut(_ configuration: EtcdClient.Configuration) async -> EtcdError? {
        await #expect(throws: EtcdError.self) {
            try await withEtcdClient(configuration: configuration) { client in
                _ = try await client.put("u/a", "1")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func credentialsDoNoHarmWhereAuthenticationIsOffAndServeOnceItIsOn(
        _ version: EtcdVersion
    ) async throws {
        try await withEtcd(version) { etcd in
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: self.root
            )
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                try await self.enableAuth(etcd)
                try await client.put("a", "2")
                #expect(try await client.get("a")?.value == "2")
                try await etcd.etcdctl("--user", "root:right", "auth", "disable")
                try await client.put("a", "3")
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aTokenThatExpiredOrIsOutdatedIsRenewedUnnoticed(_ version: EtcdVersion) async throws {
        try await withEtcd(version, .init(authTokenTTL: .seconds(1))) { etcd in
            try await self.enableAuth(etcd)
            let configuration = EtcdClient.Configuration(
                endpoints: [etcd.endpoint],
                credentials: self.unit
            )
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("u/a", "1")
                // Longer than the server keeps a token that is not used.
                try await Task.sleep(for: .milliseconds(2500))
                try await client.put("u/a", "2")

                // Every change of users invalidates what was checked before.
                for index in 0..<5 {
                    try await etcd.etcdctl(
                        "--user",
                        "root:right",
                        "user",
                        "add",
                        "more\(index):x"
                    )
                    try await client.put("u/a", "\(index)")
                    #expect(try await client.get("u/a")?.value == EtcdBytes("\(index)"))
                }

                // A restarted member has forgotten all simple tokens.
                try await etcd.restart()
                #expect(try await client.get("u/a")?.value == "4")
                try await client.put("u/a", "5")
            }
        }
    }

    @Test
    func changesOfUsersUnderLoadSurfaceNoErrors() async throws {
        for version in EtcdVersion.allCases {
            try await withEtcd(version) { etcd in
                try await self.enableAuth(etcd)
                let configuration = EtcdClient.Configuration(
                    endpoints: [etcd.endpoint],
                    credentials: self.unit
                )
                try await withEtcdClient(configuration: configuration) { client in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for worker in 0..<4 {
                            group.addTask {
                                while !Task.isCancelled {
                                    do {
                                        try await client.put("u/\(worker)", "x")
                                        _ = try await client.get("u/\(worker)")
                                    } catch is CancellationError {
                                        return
                                    }
                                }
                            }
                        }
                        for index in 0..<15 {
                            try await etcd.etcdctl(
                                "--user",
                                "root:right",
                                "role",
                                "add",
                                "role\(index)"
                            )
                        }
                        group.cancelAll()
                        try await group.waitForAll()
                    }
                }
            }
        }
    }
}
