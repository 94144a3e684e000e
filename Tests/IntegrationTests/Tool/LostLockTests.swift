// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `rolling-lock run` when the lock goes away under the command.
@Suite(.hangLimit)
struct LostLockTests {
    /// Writes its process ID, and the time every 20 ms as long as it lives; SIGTERM does not end it.
    private static let stubborn = """
        trap '' TERM
        echo "pid $$"; echo started
        while :; do date +%s%N >> "$0"; sleep 0.02; done
        """

    private func startStubborn(
        _ tool: RollingLockTool,
        _ options: [String]
    ) async throws -> (child: ChildProcess, processID: Int32, trace: String) {
        let trace = tool.etcd.folder + "/trace"
        let child = try await tool.start(options, command: ["sh", "-c", Self.stubborn, trace])
        try await child.says("started")
        let line = child.standardOutput.split(separator: "\n").first { $0.hasPrefix("pid ") }
        return (child, try #require(line.flatMap { Int32($0.dropFirst(4)) }), trace)
    }

    private func isAlive(_ processID: Int32) -> Bool {
        // A zombie that nobody has waited for yet does not count.
        let path = "/proc/\(processID)/stat"
        guard let data = FileManager.default.contents(atPath: path) else { return false }
        return !String(decoding: data, as: UTF8.self).contains(") Z ")
    }

    /// The moment of the last sign of life, by the wall clock.
    private func lastSign(in trace: String) throws -> Double {
        let text = try String(contentsOfFile: trace, encoding: .utf8)
        let last = try #require(text.split(separator: "\n").last.flatMap { Double($0) })
        return last / 1e9
    }

    @Test(arguments: EtcdVersion.allCases)
    func aDeletedTicketStopsTheCommand(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let (child, processID, _) = try await self.startStubborn(
                tool,
                ["--stop-grace", "300ms"]
            )
            try await etcd.etcdctl("del", "--prefix", tool.queue)
            let output = await child.wait()
            #expect(output.status == 79)
            #expect(output.standardError.contains("deleted by somebody else"))
            #expect(!self.isAlive(processID))
        }
    }

    @Test
    func aCommandThatObeysSIGTERMIsStoppedWithoutWaitingForTheGrace() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let child = try await tool.startHolding(
                ["--ttl", "180s"],
                script: "trap 'echo obeyed; exit 0' TERM; echo started; "
                    + "while :; do sleep 0.05; done"
            )
            let begin = ContinuousClock.now
            try await etcd.etcdctl("del", "--prefix", tool.queue)
            let output = await child.wait()
            #expect(output.status == 79)
            #expect(output.standardOutput.contains("obeyed"))
            // The grace would be 30 s.
            #expect(ContinuousClock.now - begin < .seconds(25))
        }
    }

    @Test
    func aRevokedLeaseStopsTheCommand() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let (child, processID, _) = try await self.startStubborn(tool, ["--ttl", "4s"])
            let leases = try await etcd.etcdctl("lease", "list").split(separator: "\n")
            try await etcd.etcdctl("lease", "revoke", String(try #require(leases.last)))
            #expect(await child.wait().status == 79)
            #expect(!self.isAlive(processID))
        }
    }

    @Test
    func aServerThatHangsStopsTheCommandBeforeTheLeaseCanEnd() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let (child, processID, trace) = try await self.startStubborn(tool, ["--ttl", "4s"])
            etcd.pause()
            let paused = Date().timeIntervalSince1970
            try await eventually("the command is dead") { !self.isAlive(processID) }
            // The server counts at least the whole time to live from its last renewal.
            #expect(try self.lastSign(in: trace) < paused + 4)
            etcd.resume()
            #expect(await child.wait().status == 79)
        }
    }

    @Test
    func aCommandDoesNotOutliveAToolThatIsKilled() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let (child, processID, _) = try await self.startStubborn(
                tool,
                ["--ttl", "60s", "--stop-grace", "200ms"]
            )
            child.signal(SIGKILL)
            await child.wait()
            try await eventually("the command is dead", within: .seconds(15)) {
                !self.isAlive(processID)
            }
        }
    }

    @Test
    func aToolThatIsKilledAtAnyMomentLeavesNothingBehind() async throws {
        try await withEtcd(.v3_5) { etcd in
            let marker = "marker-\(UInt64.random(in: .min ... .max))"
            let script = "trap '' TERM; while :; do sleep 0.05; done"
            for attempt in 0..<20 {
                let child = try await RollingLockTool(etcd: etcd, cluster: "blue-\(attempt)")
                    .start(["--stop-grace", "100ms"], command: ["sh", "-c", script, marker])
                try await Task.sleep(for: .milliseconds(attempt * 5))
                child.signal(SIGKILL)
                await child.wait()
            }
            try await eventually("all commands are gone") { self.processes(naming: marker).isEmpty }
        }
    }

    /// The processes that have a text among their arguments.
    private func processes(naming text: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { Int32($0) != nil }.filter { name in
            let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return String(decoding: data, as: UTF8.self).contains(text)
        }
    }

    @Test
    func aCommandDoesNotOutliveTheLeaseOfAToolThatIsStopped() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let (child, processID, trace) = try await self.startStubborn(tool, ["--ttl", "4s"])
            child.signal(SIGSTOP)
            let stopped = Date().timeIntervalSince1970
            try await eventually("the command is dead") { !self.isAlive(processID) }
            #expect(try self.lastSign(in: trace) < stopped + 4)
            child.signal(SIGCONT)
            #expect(await child.wait().status == 79)
        }
    }

    @Test
    func theNextUnitGoesOnAfterADeadOne() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let dead = try await tool.startHolding(["--ttl", "2s"])
            let next = try await tool.start(unit: "app/1", command: ["echo", "went on"])
            try await next.says("held by app/0")
            dead.signal(SIGKILL)
            await dead.wait()
            let output = await next.wait()
            #expect(output.status == 0)
            #expect(output.standardOutput == "went on\n")
        }
    }
}
