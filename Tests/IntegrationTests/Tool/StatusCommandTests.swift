// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `rolling-lock status`.
@Suite(.hangLimit)
struct StatusCommandTests {
    private struct Report: Decodable {
        struct Ticket: Decodable {
            var place: Int
            var state: String
            var unit: String
            var fencing_token: Int64
            var reason: String?
            var since: String?
            var foreign: Bool
        }

        var ownership_check: String
        var tickets: [Ticket]
    }

    private func report(of output: ChildProcess.Output) throws -> Report {
        try JSONDecoder().decode(Report.self, from: Data(output.standardOutput.utf8))
    }

    @Test(arguments: EtcdVersion.allCases)
    func holderAndWaitersAreListedInOrder(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let free = try await tool.status()
            #expect(free.status == 0)
            #expect(free.standardOutput.contains("is free"))

            let holder = try await tool.startHolding(["--reason", "upgrade\u{1B}[2J"])
            let waiter = try await tool.start(unit: "app/1", command: ["true"])
            try await waiter.says("held by app/0")
            let report = try self.report(of: await tool.status("--json"))
            #expect(report.ownership_check == "unchecked (per-unit-ownership TODO)")
            #expect(report.tickets.map(\.unit) == ["app/0", "app/1"])
            #expect(report.tickets.map(\.state) == ["holds", "waits"])
            #expect(report.tickets.map(\.place) == [0, 1])
            #expect(report.tickets[0].reason == "upgrade\u{FFFD}[2J")
            #expect(report.tickets[0].fencing_token < report.tickets[1].fencing_token)

            let table = try await tool.status().standardOutput
            #expect(table.contains("ownership check: unchecked (per-unit-ownership TODO)"))
            let lines = table.split(separator: "\n")
            #expect(lines[0].hasPrefix("PLACE"))
            #expect(lines[1].contains("app/0") && lines[1].contains("holds"))
            #expect(lines[2].contains("app/1") && lines[2].contains("waits"))
            // Another unit's words must not reach the terminal as commands.
            #expect(!table.contains("\u{1B}"))
            holder.signal(SIGTERM)
            await holder.wait()
            #expect(await waiter.wait().status == 0)
        }
    }

    @Test
    func followingShowsEveryChangeAsALine() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let follower = try await RollingLockTool.start([
                "status", "--follow", "--endpoints", etcd.endpoint, "--cluster-id", "blue",
            ])
            try await follower.says("free")
            #expect(try await tool.run(command: ["sleep", "0.2"]).status == 0)
            try await eventually("the lock is free again") {
                let lines = follower.standardOutput.split(separator: "\n")
                return lines.contains { $0.contains("app/0 holds") }
                    && lines.last?.contains("free") == true
            }
            follower.signal(SIGINT)
            await follower.wait()
        }
    }

    @Test
    func aTicketOfEtcdctlIsShownAsForeign() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let lock = try await etcd.startEtcdctl(["lock", String(tool.queue.dropLast())])
            try await lock.says(tool.queue)
            let report = try self.report(of: await tool.status("--json"))
            #expect(report.tickets.map(\.foreign) == [true])
            lock.signal(SIGINT)
            await lock.wait()
        }
    }
}
