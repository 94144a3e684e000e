// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Glibc
import Testing

/// The servers the other suites stand on.
@Suite(.hangLimit)
struct TestServerTests {
    @Test(arguments: EtcdVersion.allCases)
    func aStartedServerAnswersEtcdctlAndIsGoneAfterwards(_ version: EtcdVersion) async throws {
        let (processID, folder) = try await withEtcd(version) { etcd in
            try await etcd.etcdctl("put", "a", "1")
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "1")
            #expect(try await etcd.etcdctl("version").contains(version.rawValue))
            return (etcd.processID, etcd.folder)
        }
        #expect(kill(processID, 0) == -1)
        let isThere = unsafe access(folder, F_OK) == 0
        #expect(!isThere)
    }

    @Test(arguments: EtcdVersion.allCases)
    func aKilledServerComesBackWithItsDataOnTheSamePort(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            try await etcd.etcdctl("put", "a", "1")
            await etcd.kill()
            await #expect(throws: ChildProcess.Failure.self) {
                try await etcd.etcdctl("--command-timeout=1s", "get", "a")
            }
            try await etcd.startAgain()
            #expect(try await etcd.etcdctl("get", "a", "--print-value-only") == "1")
        }
    }

    @Test
    func aPausedServerHangsUntilItIsResumed() async throws {
        try await withEtcd(.v3_5) { etcd in
            etcd.pause()
            await #expect(throws: ChildProcess.Failure.self) {
                try await etcd.etcdctl("--command-timeout=300ms", "put", "a", "1")
            }
            etcd.resume()
            try await etcd.etcdctl("put", "a", "2")
        }
    }

    @Test
    func aServerThatCannotStartSaysWhy() async throws {
        let options = EtcdProcess.Options(arguments: ["--no-such-flag"])
        let failure = await #expect(throws: EtcdStartFailure.self) {
            try await EtcdProcess.start(.v3_5, options)
        }
        #expect(failure?.description.contains("no-such-flag") == true)
    }

    @Test
    func childrenGetNoDescriptorsOfOurs() async throws {
        // Not marked to be closed, as what accept() returns.
        let descriptor = dup(2)
        defer { close(descriptor) }
        let list = try await ChildProcess.run("/bin/ls", ["/proc/self/fd"])
        let inherited = list.standardOutput.split(separator: "\n").compactMap { Int32($0) }
        #expect(inherited.contains(2))
        #expect(!inherited.contains(descriptor))
    }
}
