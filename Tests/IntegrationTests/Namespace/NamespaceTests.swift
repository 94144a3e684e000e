// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Testing

@Suite(.hangLimit)
struct NamespaceTests {
    @Test(arguments: EtcdVersion.allCases)
    func keysOfAViewHaveThePrefixInTheCluster(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let view = client.namespaced("app/")
            try await client.put("config", "outside")
            try await view.put("config", "inside")
            #expect(try await etcd.etcdctl("get", "app/config", "--print-value-only") == "inside")
            #expect(try await view.get("config")?.value == "inside")
            #expect(try await view.range(.all).keyValues.map(\.key) == ["config"])
            #expect(try await client.range(.all).count == 2)

            #expect(try await view.delete(.all).deleted == 1)
            #expect(try await client.range(.all).keyValues.map(\.key) == ["config"])
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func viewsNestAndKeepTheirTimeout(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let one = client.namespaced("a/").withRequestTimeout(.seconds(11)).namespaced("b/")
            let other = client.withRequestTimeout(.seconds(11)).namespaced("a/b/")
            #expect(one.namespace == "a/b/")
            #expect(other.namespace == "a/b/")
            #expect(client.namespace.isEmpty)
            #expect(one.requestTimeout == .seconds(11))
            #expect(other.requestTimeout == .seconds(11))

            try await one.put("c", "1")
            #expect(try await other.get("c")?.value == "1")
            #expect(try await client.get("a/b/c")?.value == "1")
            #expect(try await client.namespaced("").get("a/b/c")?.value == "1")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func thePrefixItselfIsOutside(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let view = client.namespaced("app/")
            try await client.put("app/", "the prefix")
            for range in [EtcdKeyRange.all, .from(""), .prefix(""), .range("", "z")] {
                #expect(try await view.range(range).count == 0)
                #expect(try await view.delete(range).deleted == 0)
                let isFree = EtcdTransaction().when(.isAbsent(range))
                #expect(try await view.commit(isFree).succeeded)
            }
            let error = await #expect(throws: EtcdError.self) { try await view.get("") }
            #expect(error?.code == .invalidArgument)
            #expect(try await client.get("app/") != nil)
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func aWatchThroughAViewSeesItsKeysOnly(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let view = client.namespaced([0x61, 0xff])
            let watch = try await view.watch(.all, options: .init(includePrevious: true))
            try await client.put("b", "outside")
            try await client.put([UInt8(0x61), 0xff], "outside")
            try await view.put("k", "1")
            try await view.delete("k")
            var events: [EtcdEvent] = []
            for try await batch in watch {
                events += batch.events
                if events.count >= 2 { break }
            }
            #expect(events.map(\.key) == ["k", "k"])
            #expect(events.map(\.kind) == [.put, .delete])
            #expect(events[1].previous?.key == "k")
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func leasesAreTheClustersButTheirKeysAreListedByView(_ version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { _, client in
            let view = client.namespaced("app/")
            try await view.withLease(ttl: .seconds(60)) { session in
                try await view.put("mine", "", lease: session.id)
                try await client.put("other", "", lease: session.id)
                let seen = try await view.timeToLive(of: session.id, includingKeys: true)
                #expect(seen?.keys == ["mine"])
                let all = try await client.timeToLive(of: session.id, includingKeys: true)
                #expect(Set(all?.keys ?? []) == ["app/mine", "other"])
                #expect(try await view.leases() == [session.id])
                _ = try await view.keepAlive(session.id)
            }
            #expect(try await client.range(.all).count == 0)
        }
    }
}
