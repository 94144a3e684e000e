// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `make chaos`, for a short time.
@Suite(.hangLimit, .serialized)
struct ChaosTests {
    private func start(
        _ arguments: [String],
        in folder: TemporaryDirectory
    ) async throws -> ChildProcess {
        try await ChildProcess.start(
            BuiltProgram.chaos,
            arguments,
            environment: .minimal(adding: [
                "TMPDIR": folder.path,
                "LD_LIBRARY_PATH": ProcessInfo.processInfo.environment["LD_LIBRARY_PATH"] ?? "",
            ])
        )
    }

    /// Its servers and everything it wrote are gone, soon after it.
    static func expectNothingLeft(in folder: TemporaryDirectory) async throws {
        try await eventually("everything is gone") {
            let names = try FileManager.default.contentsOfDirectory(atPath: "/proc")
            let isRunning = names.filter { Int32($0) != nil }.contains { name in
                let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
                return String(decoding: data, as: UTF8.self).contains(folder.path)
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
            return !isRunning && left.isEmpty
        }
    }

    /// The seed is random; it is in the output, and so is what was found.
    @Test
    func aShortRunFindsNoViolation() async throws {
        try await withEtcdSlots(3) {
            let folder = try TemporaryDirectory("chaos")
            let arguments = ["--duration", "30", "--tls", "--json"]
            let output = try await self.start(arguments, in: folder).waitOrKill()
            print(output.standardOutput)
            #expect(output.status == 0, "\(output)")
            let report = try JSONDecoder().decode(
                Report.self,
                from: Data(output.standardOutput.utf8)
            )
            #expect(report.violations.isEmpty)
            // That it found nothing says something only if there was something to find it in.
            #expect(report.faults.count >= 8)
            #expect(report.revisions > 200)
            #expect(report.eventsWatched > 200)
            #expect(report.readsJudged > 50)
            #expect(report.registersJudged > 0)
            try await Self.expectNothingLeft(in: folder)
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aRunThatIsEndedLeavesNothingBehind(_ signal: Int32) async throws {
        try await withEtcdSlots(3) {
            let folder = try TemporaryDirectory("chaos")
            let chaos = try await self.start(["--duration", "600"], in: folder)
            try await eventually("it is under way") {
                chaos.standardOutput.contains("operations")
            }
            chaos.signal(signal)
            #expect(await chaos.wait().status == 128 + signal)
            try await Self.expectNothingLeft(in: folder)
        }
    }

    @Test
    func aWrongOptionIsRefused() async throws {
        let folder = try TemporaryDirectory("chaos")
        let output = try await self.start(["--etcd", "2.0"], in: folder).waitOrKill()
        #expect(output.status == 64)
        #expect(output.standardError.contains("3.4.23"))
    }

    private struct Report: Decodable {
        struct Finding: Decodable {
            var kind: String
        }

        var faults: [String: Int]
        var revisions: Int64
        var eventsWatched: Int
        var readsJudged: Int
        var registersJudged: Int
        var violations: [Finding]
    }
}
