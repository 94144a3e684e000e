// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// What is asked before and after the operation, by `rolling-lock run` and `worker`.
@Suite(.hangLimit)
struct HealthGateTests {
    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    @Test(arguments: EtcdVersion.allCases)
    func theNextUnitWaitsUntilThisOneIsWell(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let gate = etcd.folder + "/gate"
            let first = try await tool.start(
                [
                    "--post-check", "echo asked $ROLLING_LOCK_CHECK; [ -e \(gate) ]",
                    "--check-interval", "50ms",
                ],
                command: ["echo", "restarted"]
            )
            try await first.says("asked end\nasked end")
            let other = try await tool.start(unit: "app/1", command: ["echo", "mine"])
            try await other.says("held by app/0")
            #expect(first.isRunning && other.isRunning)
            _ = FileManager.default.createFile(atPath: gate, contents: nil)
            #expect(await first.wait().status == 0)
            #expect(await other.wait().standardOutput == "mine\n")
        }
    }

    @Test
    func oneNoMakesTheHealthyTimeBeginAnew() async throws {
        try await withEtcd(.v3_5) { etcd in
            let trace = etcd.folder + "/trace"
            // The third answer is a no.
            let check = "date +%s%N >> \(trace); [ $(wc -l < \(trace)) -ne 3 ]"
            let output = try await RollingLockTool(etcd: etcd).run(
                [
                    "--post-check", check, "--min-healthy", "400ms", "--check-interval", "100ms",
                    "--verbose",
                ],
                command: ["true"]
            )
            #expect(output.status == 0, "\(output)")
            let text = try String(contentsOfFile: trace, encoding: .utf8)
            let times = text.split(separator: "\n").compactMap { Double($0) }
            try #require(times.count > 4)
            // From the first yes after the no to the last, but for what clocks differ in.
            #expect(times[times.count - 1] - times[3] > 0.39e9)
            #expect(output.standardError.contains("says no again"))
        }
    }

    @Test
    func aUnitThatDoesNotGetWellIsAFailureAndTheLockIsReleased() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let ill = try await tool.run(
                ["--post-check", "exit 3", "--check-timeout", "300ms", "--check-interval", "50ms"],
                command: ["true"]
            )
            #expect(ill.status == 80)
            #expect(ill.standardError.contains("not well within 300ms"))
            #expect(ill.standardError.contains("status 3"))
            // A check that hangs is ended, whether or not it obeys.
            let hangs = try await tool.run(
                [
                    "--post-check", "trap '' TERM; while :; do sleep 0.05; done",
                    "--check-timeout", "300ms", "--stop-grace", "200ms",
                ],
                command: ["true"]
            )
            #expect(hangs.status == 80)
            #expect(try await tool.ticketCount() == 0)
            // A command that failed is not asked about.
            let failed = try await tool.run(["--post-check", "echo asked"], command: ["false"])
            #expect(failed.status == 1 && !failed.standardOutput.contains("asked"))
        }
    }

    @Test
    func aLockThatIsLostStopsTheCheck() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let child = try await tool.start(
                ["--post-check", "echo asked; exec sleep 60"],
                command: ["true"]
            )
            try await child.says("asked")
            try await etcd.etcdctl("del", "--prefix", tool.queue)
            let output = await child.wait()
            #expect(output.status == 79)
            #expect(output.standardError.contains("during the post-check"))
        }
    }

    @Test
    func aSignalEndsTheCheck() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            for options in [
                ["--post-check", "echo asked; exec sleep 60"],
                ["--post-check", "echo asked; false", "--check-interval", "5m"],
                ["--pre-check", "echo asked; exec sleep 60"],
            ] {
                let child = try await tool.start(options, command: ["true"])
                try await child.says("asked")
                child.signal(SIGTERM)
                #expect(await child.wait().status == 128 + SIGTERM)
                #expect(try await tool.ticketCount() == 0)
            }
        }
    }

    @Test
    func aUnitThatIsNotReadyNeitherQueuesNorRuns() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let trace = etcd.folder + "/trace"
            let before = try await tool.run(["--pre-check", "exit 4"], command: ["touch", trace])
            #expect(before.status == 81)
            #expect(before.standardError.contains("the pre-check ended with status 4"))
            #expect(!before.standardError.contains("granted"))
            // Ready when it queued, and not any more when its turn came.
            let after = try await tool.run(
                ["--pre-check", "[ $ROLLING_LOCK_CHECK = queue ]"],
                command: ["touch", trace]
            )
            #expect(after.status == 81)
            #expect(after.standardError.contains("granted"))
            let endless = try await tool.run(
                ["--pre-check", "exec sleep 60", "--check-timeout", "300ms"],
                command: ["touch", trace]
            )
            #expect(endless.status == 81)
            #expect(!self.exists(trace))
            #expect(try await tool.ticketCount() == 0)
        }
    }

    @Test
    func aWorkerAsksToo() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let ready = etcd.folder + "/ready"
            let well = etcd.folder + "/well"
            let worker = try await unit.startWorker(
                [
                    "--pre-check", "[ -e \(ready) ]", "--post-check", "[ -e \(well) ]",
                    "--check-timeout", "300ms", "--check-interval", "50ms",
                ],
                script: "echo attempt $ROLLING_LOCK_ATTEMPT"
            )
            try await unit.run("request", "restart")
            try await worker.says("not ready")
            #expect(try await unit.tool.ticketCount() == 0)
            _ = FileManager.default.createFile(atPath: ready, contents: nil)
            try await worker.says("not well within 300ms")
            _ = FileManager.default.createFile(atPath: well, contents: nil)
            try await eventually("it is done") { try await unit.requests().isEmpty }
            #expect(worker.standardOutput.contains("attempt 2"))
            await unit.stop(worker)
        }
    }

    @Test
    func optionsThatMakeNoSenseAreRefused() async throws {
        // No etcd listens there: it was not even asked.
        let base = ["run", "--endpoints", "127.0.0.1:1", "--cluster-id", "blue"]
        for options in [
            ["--min-healthy", "1s"], ["--post-check", ""],
            ["--post-check", "true", "--min-healthy", "10s", "--check-timeout", "5s"],
        ] {
            #expect(try await RollingLockTool.run(base + options + ["--", "true"]).status == 64)
        }
    }
}
