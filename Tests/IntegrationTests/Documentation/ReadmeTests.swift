// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import EtcdTestSupport
import Foundation
import Synchronization
import Testing

/// What the README shows is what is compiled and run here.
@Suite(.hangLimit)
struct ReadmeTests {
    @Test(arguments: [
        ("client", "ClientExample"), ("tls", "TLSExample"), ("lock", "LockExample"),
        ("cluster", "ClusterExample"),
    ])
    func examplesAreTheCodeThatTheTestsRun(example: (name: String, file: String)) throws {
        let readme = try String(contentsOfFile: PackageRoot.path + "/README.md", encoding: .utf8)
        let marker = "<!-- example: \(example.name) -->\n```swift\n"
        let start = try #require(readme.range(of: marker)).upperBound
        let end = try #require(readme.range(of: "```", range: start..<readme.endIndex)).lowerBound
        let code = try String(
            contentsOfFile: PackageRoot.path
                + "/Tests/IntegrationTests/Documentation/\(example.file).swift",
            encoding: .utf8
        )
        #expect(code.hasSuffix("\n\n" + readme[start..<end]))
    }

    @Test(arguments: EtcdVersion.allCases)
    func theClientExampleRuns(version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await tour(endpoint: etcd.endpoint)
            #expect(try await etcd.etcdctl("get", "app/color", "--print-value-only") == "blue")
            #expect(try await etcd.etcdctl("get", "app/alive/me") == "")
        }
    }

    @Test func theTLSExampleNamesFilesThatAreNotThereClearly() throws {
        let error = #expect(throws: EtcdError.self) {
            try EtcdClient(configuration: secureConfiguration())
        }
        #expect(error?.description.contains("/etc/etcd/ca.pem") == true)
    }

    @Test(arguments: EtcdVersion.allCases)
    func theLockExampleRuns(version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await withEtcdClient(configuration: .init(endpoints: [etcd.endpoint])) { client in
                let fences = Mutex<[EtcdRevision]>([])
                for _ in 0..<3 {
                    try await restartWhenItIsOurTurn(client: client) { fence in
                        fences.withLock { $0.append(fence) }
                    }
                }
                let seen = fences.withLock { $0 }
                #expect(seen.count == 3)
                #expect(seen == seen.sorted())
                let left = try await client.range(
                    .prefix("/rollingops/default/cluster-12345/v1/restart/queue/")
                )
                #expect(left.keyValues.isEmpty)
            }
        }
    }

    @Test(arguments: EtcdVersion.allCases)
    func theClusterExampleRuns(version: EtcdVersion) async throws {
        try await withEtcdAndClient(version) { etcd, client in
            let folder = try TemporaryDirectory("backup")
            let path = folder.path + "/etcd.db"
            try await lookAround(client: client, backup: path)
            #expect(try await etcd.etcdctl("get", "jobs/1", "--print-value-only") == "build")
            #expect(try await etcd.etcdctl("snapshot", "status", path).isEmpty == false)
            let candidates = try await client.range(.prefix("/elections/"))
            #expect(candidates.keyValues.isEmpty)
        }
    }
}
