// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `make demo`, without a terminal.
@Suite(.hangLimit, .serialized)
struct DemoTests {
    /// Starts the demo with a temporary folder of its own, in which everything must be cleared up.
    private func start(in folder: TemporaryDirectory) async throws -> ChildProcess {
        try await ChildProcess.start(
            BuiltProgram.demo,
            [],
            environment: .minimal(adding: [
                "TMPDIR": folder.path,
                "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
            ])
        )
    }

    /// The processes whose arguments name the folder.
    private func processes(in folder: TemporaryDirectory) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int32($0) != nil }.filter { name in
            let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return String(decoding: data, as: UTF8.self).contains(folder.path)
        }
    }

    private func expectNothingLeft(in folder: TemporaryDirectory) async throws {
        try await eventually("everything is gone") {
            try self.processes(in: folder).isEmpty
                && FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty
        }
    }

    @Test
    func theDemoKeepsItsPromisesAndLeavesNothingBehind() async throws {
        let folder = try TemporaryDirectory("demo")
        let output = try await self.start(in: folder).waitOrKill()
        #expect(output.status == 0, "\(output)")
        #expect(output.standardOutput.contains("All promises kept."))
        #expect(!output.standardOutput.contains("\u{1B}"))
        try await self.expectNothingLeft(in: folder)
    }

    @Test(arguments: [SIGINT, SIGTERM, SIGKILL])
    func aDemoThatIsEndedLeavesNothingBehind(_ signal: Int32) async throws {
        let folder = try TemporaryDirectory("demo")
        let demo = try await self.start(in: folder)
        try await demo.says("holds the lock")
        demo.signal(signal)
        #expect(await demo.wait().status == 128 + signal)
        try await self.expectNothingLeft(in: folder)
    }
}
