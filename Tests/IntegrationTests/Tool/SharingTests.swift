// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Testing

/// Locks that several units hold together, by the tool.
@Suite(.hangLimit)
struct SharingTests {
    private func limits(
        _ etcd: EtcdProcess,
        _ arguments: String...
    ) async throws -> ChildProcess.Output {
        try await RollingLockTool.run(
            ["limits", "--endpoints", etcd.endpoint, "--cluster-id", "blue", "--unit", "op/0"]
                + arguments
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func asManyUnitsWorkAsThereAreSlots(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let slots = ["--slots", "50%", "--units", "4"]
            let first = try await tool.startHolding(unit: "app/0", slots)
            let second = try await tool.startHolding(unit: "app/1", slots)
            let third = try await tool.start(unit: "app/2", slots, command: ["echo", "mine"])
            try await third.says("at place 2")
            let table = try await tool.status().standardOutput
            #expect(table.contains("limits: 50 % of 4 units (2 slots)"))
            #expect(table.split(separator: "\n").count { $0.contains(" holds ") } == 2, "\(table)")
            // Who wants others is refused with both.
            let other = try await tool.run(
                unit: "app/3",
                ["--slots", "3"],
                command: ["echo", "not mine"]
            )
            #expect(other.status == 83 && other.standardOutput.isEmpty, "\(other)")
            #expect(other.standardError.contains("wants 3 slots"))
            #expect(other.standardError.contains("50 % of 4 units (2 slots)"))
            // More slots, and the third goes on.
            let change = try await self.limits(etcd, "--slots", "3")
            #expect(change.status == 0 && change.standardOutput == "lock default has 3 slots\n")
            #expect(await third.wait().standardOutput == "mine\n")
            let shown = try await self.limits(etcd, "--json")
            #expect(shown.standardOutput.contains("\"slots\":3"))
            for child in [first, second] {
                child.signal(SIGTERM)
                _ = await child.wait()
            }
        }
    }

    @Test
    func groupsAndModesAreKeptAndShown() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let rack1 = try await tool.startHolding(
                unit: "app/0",
                ["--slots", "2", "--group", "rack1"]
            )
            let rack2 = try await tool.start(
                unit: "app/1",
                ["--slots", "2", "--group", "rack2"],
                command: ["true"]
            )
            try await rack2.says("held by app/0")
            #expect(try await tool.status().standardOutput.contains("(group rack2)"))
            rack1.signal(SIGTERM)
            _ = await rack1.wait()
            #expect(await rack2.wait().status == 0)
            var readers = tool
            readers.cluster = "green"
            let one = try await readers.startHolding(unit: "app/0", ["--shared"])
            let two = try await readers.run(unit: "app/1", ["--shared"], command: ["true"])
            #expect(two.status == 0, "\(two)")
            let status = try await readers.status("--json").standardOutput
            #expect(status.contains("\"mode\":\"shared\""))
            one.signal(SIGTERM)
            _ = await one.wait()
        }
    }

    @Test(arguments: [
        (["--slots", "25%"], "--units"), (["--slots", "0"], "from 1 to"),
        (["--slots", "101%", "--units", "3"], "1 to 100 percent"),
        (["--slots", "3", "--units", "3"], "percentage"), (["--units", "3"], "percentage"),
        (["--shared", "--slots", "2"], "--shared"), (["--shared", "--group", "a"], "--shared"),
        (["--slots", "many"], "--slots"), (["--max-failures", "0"], "--max-failures"),
        (["--on-failure", "panic"], "--on-failure"), (["--group", ""], "group"),
    ])
    func whatContradictsItselfIsRefused(_ options: [String], _ culprit: String) async throws {
        // No etcd listens there: it was not even asked.
        let output = try await RollingLockTool.run(
            ["run", "--endpoints", "127.0.0.1:1", "--cluster-id", "blue", "--unit", "app/0"]
                + options + ["--", "true"]
        )
        #expect(output.status == 64, "\(output)")
        #expect(output.standardError.contains(culprit), "\(output)")
    }
}
