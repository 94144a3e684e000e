// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Testing

@Suite(.hangLimit)
struct LeakTests {
    /// How often; `make test-leaks` takes ten thousand.
    private static let count =
        ProcessInfo.processInfo.environment["ETCDKIT_LEAK_COUNT"].flatMap { Int($0) } ?? 1000

    @Test
    func nothingIsLeftOfConnectionsWatchesAndCalls() async throws {
        let output = try await withEtcd(.v3_5) { etcd in
            try await ChildProcess.run(BuiltProgram.leakProbe, [etcd.endpoint, "\(Self.count)"])
        }
        print(output.standardOutput)
        #expect(output.isSuccess, "\(output)")
        #expect(output.standardOutput.split(separator: "\n").count == 3)
    }

    @Test(arguments: ["memory", "descriptors"])
    func whatIsLeftIsFound(_ leak: String) async throws {
        let output = try await withEtcd(.v3_5) { etcd in
            try await ChildProcess.run(BuiltProgram.leakProbe, [etcd.endpoint, "300", leak])
        }
        // So it is under a sanitizer, and only there.
        if leak == "memory", output.standardOutput.contains("memory is not counted") { return }
        #expect(output.status == 1, "\(output)")
        #expect(output.standardError.contains("somethingIsLeft"), "\(output)")
    }
}
