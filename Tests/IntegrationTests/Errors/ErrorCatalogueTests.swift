// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import EtcdWire
import Testing

/// Real servers are brought to say what the catalogue of errors has.
@Suite(.hangLimit)
struct ErrorCatalogueTests {
    @Test
    func everyErrorIsProvokedOrItIsSaidWhyNot() {
        let provoked = [
            Refusal.requests, Refusal.members, Refusal.users, Refusal.authenticated,
            Refusal.signedTokens, Refusal.checkedTokens, Refusal.elections, Refusal.alarms,
            Refusal.corruption, Refusal.slowApply, Refusal.clusters, Refusal.learners,
        ].flatMap { $0 }.map(\.text)
        let known = Set(ServerMessage.catalogue.keys)
            .union(ServerMessage.beginnings.map(\.text))
        let excused = Set(Refusal.notProvoked.keys)
        #expect(known.subtracting(provoked).subtracting(excused) == [], "forgotten")
        #expect(excused.intersection(provoked) == [], "excused in vain")
        #expect(Set(provoked).union(excused).subtracting(known) == [], "not in the catalogue")
    }

    private func check(
        _ refusals: [Refusal],
        on version: EtcdVersion,
        _ options: EtcdProcess.Options = .init()
    ) async throws {
        try await withEtcdAndClient(version, options) { etcd, client in
            let scene = Refusal.Scene(etcd: etcd, client: client)
            for refusal in refusals { try await refusal.check(scene) }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func requestsThatAreWrong(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.requests, on: version)
    }

    @Test(arguments: EtcdVersion.allCases)
    func membersThatCannotBe(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.members, on: version)
    }

    @Test(arguments: EtcdVersion.allCases)
    func usersAndRolesThatCannotBe(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.users + Refusal.authenticated, on: version)
    }

    @Test(arguments: EtcdVersion.allCases)
    func signedTokensThatAreOutdated(_ version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("token")
        let secret = folder.path + "/secret"
        try TestCertificates.writeFile("a secret of the test", to: secret, mode: 0o600)
        let token = "jwt,priv-key=\(secret),sign-method=HS256,ttl=10m"
        try await self.check(
            Refusal.signedTokens,
            on: version,
            .init(arguments: ["--auth-token", token])
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func signedTokensThatCannotBeMade(_ version: EtcdVersion) async throws {
        let folder = try TemporaryDirectory("token")
        let certificates = try TestCertificates.make(in: folder.path)
        let token = "jwt,pub-key=\(certificates.server),sign-method=ES256"
        try await self.check(
            Refusal.checkedTokens,
            on: version,
            .init(arguments: ["--auth-token", token])
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func electionsWithoutAWinner(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.elections, on: version)
    }

    @Test(arguments: EtcdVersion.allCases)
    func databasesThatAreFull(_ version: EtcdVersion) async throws {
        try await self.check(
            Refusal.alarms,
            on: version,
            .init(arguments: ["--quota-backend-bytes", "4000000"])
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func databasesThatDiffer(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.corruption, on: version)
    }

    @Test
    func serversThatAreBehindWithTheirWork() async throws {
        try await self.check(
            Refusal.slowApply,
            on: .v3_4,
            .init(arguments: ["--bcrypt-cost", "20"])
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func clustersThatLoseMembers(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.clusters, onClusterOf: 3, version)
    }

    @Test(arguments: EtcdVersion.allCases)
    func learnersThatAreAskedTooMuch(_ version: EtcdVersion) async throws {
        try await self.check(Refusal.learners, onClusterOf: 1, version)
    }

    private func check(
        _ refusals: [Refusal],
        onClusterOf size: Int,
        _ version: EtcdVersion
    ) async throws {
        try await withEtcdCluster(version, size: size) { cluster in
            let leader = try await cluster.leader()
            let configuration = EtcdClient.Configuration(endpoints: [leader.endpoint])
            try await withEtcdClient(configuration: configuration) { client in
                let scene = Refusal.Scene(etcd: leader, client: client, members: cluster)
                for refusal in refusals { try await refusal.check(scene) }
            }
        }
    }
}
