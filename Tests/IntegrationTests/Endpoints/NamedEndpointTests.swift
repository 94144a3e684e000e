// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import EtcdTransport
import Foundation
import Logging
import Synchronization
import Testing

/// Endpoints that are found by name: in the DNS, in a file, by the members, or by the user.
@Suite(.serialized, .hangLimit)
struct NamedEndpointTests {
    private static let service = "_etcd-client._tcp.example.test"

    /// A configuration that asks this name server, for which all names are this machine's.
    private func configuration(
        _ server: DNSServer,
        serviceName: String? = nil
    ) -> EtcdClient.Configuration {
        var configuration = EtcdClient.Configuration(
            discovery: .srv(domain: "example.test", serviceName: serviceName)
        )
        configuration.resolver = NameResolver(
            addresses: { _ in ["127.0.0.1"] },
            nameServer: .init(address: "127.0.0.1", port: server.port)
        )
        return configuration
    }

    @Test func endpointsAreFoundByTheRecordsOfAService() async throws {
        let server = try DNSServer()
        try await withEtcd(.v3_5) { etcd in
            let dead = try LoopbackPort.free()
            server.set(
                Self.service,
                [
                    .init(priority: 20, port: etcd.port, target: "m2.example.test"),
                    .init(priority: 10, port: dead, target: "m1.example.test"),
                ]
            )
            let configuration = self.configuration(server)
            try await withEtcdClient(configuration: configuration) { client in
                #expect(client.cluster.endpoints == [])
                #expect(server.questions == [])
                try await client.put("a", "1")
                #expect(
                    client.cluster.endpoints == [
                        "http://m1.example.test:\(dead)", "http://m2.example.test:\(etcd.port)",
                    ]
                )
                #expect(Set(server.questions) == [Self.service])
            }
        }
    }

    @Test func manyRecordsComeOverTCP() async throws {
        let server = try DNSServer()
        try await withEtcd(.v3_4) { etcd in
            let targets = (0..<30).map { "member-\($0).of-a-large-cluster.example.test" }
            server.set(
                "_etcd-client-large._tcp.example.test",
                targets.map { .init(weight: 1, port: etcd.port, target: $0) }
            )
            let configuration = self.configuration(server, serviceName: "large")
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                #expect(client.cluster.endpoints.count == 30)
                #expect(server.streamCount > 0)
            }
        }
    }

    @Test func recordsThatChangeAreFollowedAndOnesThatVanishAreNot() async throws {
        let server = try DNSServer(timeToLive: 0)
        try await withEtcd(.v3_5) { etcd in
            let logs = LogCapture()
            let first = DNSServer.Record(port: etcd.port, target: "m1.example.test")
            let second = DNSServer.Record(port: etcd.port, target: "m2.example.test")
            server.set(Self.service, [first])
            var configuration = self.configuration(server)
            configuration.resolver.shortestLife = .milliseconds(100)
            configuration.logger = logs.logger
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                server.set(Self.service, [second])
                try await eventually {
                    client.cluster.endpoints == ["http://m2.example.test:\(etcd.port)"]
                }
                try await client.put("a", "2")
                server.set(Self.service, [])
                try await eventually { !logs.messages(atLeast: .warning).isEmpty }
                #expect(client.cluster.endpoints == ["http://m2.example.test:\(etcd.port)"])
                try await client.put("a", "3")
                #expect(logs.messages(atLeast: .warning).count == 1)
            }
        }
    }

    @Test func aServiceThatIsNotThereIsAnErrorThatSaysSo() async throws {
        let server = try DNSServer()
        try await withEtcdClient(configuration: self.configuration(server)) { client in
            let error = await etcdError { try await client.put("a", "1") }
            #expect(error?.code == .nameResolutionFailed)
            #expect(error?.message.contains(Self.service) == true)
            let watch = await etcdError { _ = try await client.watch(.all) }
            #expect(watch?.code == .nameResolutionFailed)
        }
    }

    @Test func aNameIsResolvedAnewEachTimeAndAllItsAddressesAreTried() async throws {
        try await withEtcd(.v3_5) { etcd in
            let asked = Mutex(0)
            var configuration = EtcdClient.Configuration(
                endpoints: ["http://etcd.example.test:\(etcd.port)"]
            )
            // Nobody listens on the one of this machine's addresses that is known at first.
            configuration.resolver = NameResolver(addresses: { host throws(NameResolutionError) in
                guard host == "etcd.example.test" else {
                    throw NameResolutionError(reason: "another name")
                }
                let count = asked.withLock { count in
                    count += 1
                    return count
                }
                return count < 3 ? ["127.0.0.9"] : ["127.0.0.9", "127.0.0.1"]
            })
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                #expect(asked.withLock { $0 } == 3)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases, [false, true])
    func aSocketIsAnEndpoint(_ version: EtcdVersion, _ usesTLS: Bool) async throws {
        let folder = try TemporaryDirectory("tls")
        let certificates = try TestCertificates.make(in: folder.path)
        // etcd makes the socket's file in its working directory, under a name that looks like an
        // address.
        let name = "localhost:\(try LoopbackPort.free())"
        let path = FileManager.default.currentDirectoryPath + "/" + name
        defer { try? FileManager.default.removeItem(atPath: path) }
        let port = try LoopbackPort.free()
        let scheme = usesTLS ? "s" : ""
        let options = EtcdProcess.Options(
            tls: usesTLS ? .init(certificates, requiresClientCertificate: false) : nil,
            arguments: [
                "--listen-client-urls", "unix\(scheme)://\(name),http\(scheme)://127.0.0.1:\(port)",
            ],
            port: port
        )
        try await withEtcd(version, options) { etcd in
            var configuration = EtcdClient.Configuration(endpoints: ["unix\(scheme)://\(path)"])
            if usesTLS {
                configuration.tls = .init(
                    certificateAuthorities: .file(certificates.ca),
                    serverName: "localhost"
                )
            }
            try await withEtcdClient(configuration: configuration) { client in
                try await client.put("a", "1")
                #expect(client.cluster.endpoints == ["unix\(scheme)://\(path)"])
                let watch = try await client.watch(.key("a"))
                try await etcd.restart()
                try await eventually {
                    await etcdError { try await client.put("a", "2") } == nil
                }
                for try await batch in watch where !batch.events.isEmpty { break }
            }
            configuration.tls?.serverName = "elsewhere"
            guard usesTLS else { return }
            try await withEtcdClient(configuration: configuration) { client in
                let error = await etcdError { _ = try await client.get("a") }
                #expect(error?.code == .certificateRejected)
            }
        }
    }

    @Test func aSocketThatIsNotThereIsAnError() async throws {
        let configuration = EtcdClient.Configuration(endpoints: ["unix:///nowhere/etcd.sock"])
        try await withEtcdClient(configuration: configuration) { client in
            let impatient = client.withRequestTimeout(.seconds(1))
            let error = await etcdError { _ = try await impatient.get("a") }
            #expect(error?.endpoint == "unix:///nowhere/etcd.sock")
            #expect(error?.message.contains("No such file") == true)
        }
    }

    @Test func theUserReplacesTheEndpointsAtRunTime() async throws {
        try await withEtcd(.v3_5) { etcd in
            let dead = "http://127.0.0.1:\(try LoopbackPort.free())"
            try await withEtcdClient(configuration: .init(endpoints: [dead])) { client in
                let cluster = client.cluster
                let late = Task { try await client.put("a", "1") }
                for wrong in [[], ["https://127.0.0.1:1"], ["etcd:0"]] {
                    let error = #expect(throws: EtcdError.self) {
                        try cluster.replaceEndpoints(wrong)
                    }
                    #expect(error?.code == .invalidEndpoint)
                }
                #expect(cluster.endpoints == [dead])
                try cluster.replaceEndpoints([etcd.endpoint, etcd.endpoint])
                #expect(cluster.endpoints == [etcd.endpoint])
                // A call that waited for the old one goes on with the new one.
                _ = try await late.value
                try await cluster.syncEndpoints()
                #expect(cluster.endpoints == [etcd.endpoint])
            }
        }
    }

    @Test func theMembersAreAskedForTheirEndpointsInTheBackground() async throws {
        try await withEtcdCluster(.v3_5) { cluster in
            let logs = LogCapture()
            var configuration = EtcdClient.Configuration(endpoints: [cluster[0].endpoint])
            configuration.endpointSyncInterval = .seconds(1)
            configuration.requestTimeout = .seconds(1)
            configuration.logger = logs.logger
            try await withEtcdClient(configuration: configuration) { client in
                try await eventually {
                    await etcdError { try await client.put("a", "1") } == nil
                }
                try await eventually {
                    Set(client.cluster.endpoints) == Set(cluster.endpoints)
                }
                // Only the one that the configuration names is known to be of use for ever.
                for member in cluster.members { await member.kill() }
                func failures() -> Int {
                    logs.messages(atLeast: .warning).count { $0.contains("members were not asked") }
                }
                try await eventually { failures() > 0 }
                try await Task.sleep(for: .seconds(3))
                #expect(failures() <= 2)
                #expect(Set(client.cluster.endpoints) == Set(cluster.endpoints))
            }
        }
    }
}
