// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import Testing

@testable import EtcdKit

struct DiscoveryTests {
    private typealias Discovery = EtcdClient.Configuration.Discovery

    private func record(_ target: String) -> ServiceRecord {
        ServiceRecord(
            priority: 0,
            weight: 0,
            port: 2379,
            target: target,
            timeToLive: .seconds(60)
        )
    }

    @Test func theNamesAreThoseOfEtcdctl() {
        let plain = Discovery.srv(domain: "example.com.")
        #expect(plain.name(usesTLS: false) == "_etcd-client._tcp.example.com")
        #expect(plain.name(usesTLS: true) == "_etcd-client-ssl._tcp.example.com")
        let named = Discovery.srv(domain: "example.com", serviceName: "c1")
        #expect(named.name(usesTLS: false) == "_etcd-client-c1._tcp.example.com")
        #expect(named.name(usesTLS: true) == "_etcd-client-ssl-c1._tcp.example.com")
    }

    @Test func withTheSystemsAuthoritiesTargetsLieWithinTheDomain() {
        let discovery = Discovery.srv(domain: "example.com")
        let system = EtcdClient.TLS()
        #expect(discovery.endpoint(of: self.record("M1.Example.com"), tls: system) != nil)
        #expect(discovery.endpoint(of: self.record("example.com"), tls: system) != nil)
        for target in ["evil.org", "notexample.com", "example.com.evil.org"] {
            #expect(discovery.endpoint(of: self.record(target), tls: system) == nil)
            let own = EtcdClient.TLS(certificateAuthorities: .file("ca.pem"))
            #expect(discovery.endpoint(of: self.record(target), tls: own)?.usesTLS == true)
            let named = EtcdClient.TLS(serverName: "example.com")
            #expect(discovery.endpoint(of: self.record(target), tls: named)?.host == target)
            #expect(discovery.endpoint(of: self.record(target), tls: nil)?.usesTLS == false)
        }
    }

    @Test(arguments: ["", ".", "a..b", "a b", "ä.example", String(repeating: "a", count: 64)])
    func aDomainThatCannotBeIsRefused(_ domain: String) {
        let error = #expect(throws: EtcdError.self) {
            try EtcdClient(configuration: .init(discovery: .srv(domain: domain)))
        }
        #expect(error?.code == .invalidEndpoint)
    }

    @Test(arguments: ["", "a.b", "a b"])
    func aServiceNameThatCannotBeIsRefused(_ name: String) {
        let discovery = Discovery.srv(domain: "example.com", serviceName: name)
        let error = #expect(throws: EtcdError.self) {
            try EtcdClient(configuration: .init(discovery: discovery))
        }
        #expect(error?.code == .invalidEndpoint)
    }

    @Test func aSocketWithTLSNeedsTheNameOfTheServer() async throws {
        var configuration = EtcdClient.Configuration(endpoints: ["unixs:///run/etcd"], tls: .init())
        let error = #expect(throws: EtcdError.self) {
            try EtcdClient(configuration: configuration)
        }
        #expect(error?.code == .invalidEndpoint)
        #expect(error?.message.contains("serverName") == true)
        configuration.tls?.serverName = "etcd"
        await (try EtcdClient(configuration: configuration)).shutdown()
    }

    @Test func theListIsTheUnionOfItsSources() throws {
        func endpoints(_ hosts: String...) throws -> [Endpoint] {
            try hosts.map { try Endpoint(parsing: $0, tlsByDefault: false) }
        }
        var sources = EndpointSources(configured: try endpoints("a", "b"))
        sources.discovered = try endpoints("b", "c")
        sources.hear(try endpoints("a", "d", "e"))
        #expect(Set(sources.list) == Set(try endpoints("a", "b", "c", "d", "e")))
        #expect(Array(sources.list[..<3]) == (try endpoints("a", "b", "c")))
        sources.configured = try endpoints("f")
        // What the members told of is still there, and no longer twice.
        #expect(Set(sources.list) == Set(try endpoints("f", "b", "c", "a", "d", "e")))
        let before = sources.list
        sources.hear(try endpoints("e", "d", "a"))
        #expect(sources.list == before)
        sources.hear([])
        #expect(sources.list == (try endpoints("f", "b", "c")))
    }
}
