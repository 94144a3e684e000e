// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Testing

/// `freeze`, `unfreeze`, and what freezes a lock by itself.
@Suite(.hangLimit)
struct StoppingTests {
    private func operate(
        _ etcd: EtcdProcess,
        _ command: String,
        _ arguments: String...
    ) async throws -> ChildProcess.Output {
        try await RollingLockTool.run(
            [command, "--endpoints", etcd.endpoint, "--cluster-id", "blue", "--unit", "op/0"]
                + arguments
        )
    }

    @Test(arguments: EtcdVersion.allCases)
    func aFrozenLockRunsNothingUntilItIsUnfrozen(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let frozen = try await self.operate(etcd, "freeze", "bad build")
            #expect(frozen.status == 0 && frozen.standardOutput == "lock default is frozen\n")
            let waiter = try await tool.start(command: ["echo", "mine"])
            try await waiter.says("it is frozen")
            let status = try await tool.status()
            #expect(status.standardOutput.contains("frozen by op/0 at"))
            #expect(status.standardOutput.contains(": bad build"))
            let json = try await tool.status("--json")
            #expect(json.standardOutput.contains("\"reason\":\"bad build\""))
            let impatient = try await tool.run(
                unit: "app/1",
                ["--timeout", "500ms"],
                command: ["echo", "not mine"]
            )
            #expect(impatient.status == 75 && impatient.standardOutput.isEmpty, "\(impatient)")
            let thaw = try await self.operate(etcd, "unfreeze", "--json")
            #expect(thaw.status == 0 && thaw.standardOutput.contains("\"changed\":true"))
            #expect(await waiter.wait().standardOutput == "mine\n")
            let again = try await self.operate(etcd, "unfreeze")
            #expect(again.status == 0 && again.standardOutput.contains("was not frozen"))
            let history = try await self.operate(etcd, "history")
            for event in ["done", "frozen", "unfrozen"] {
                #expect(history.standardOutput.contains(event), "\(history)")
            }
        }
    }

    @Test
    func aFailureFreezesTheLockBeforeTheNextIsGrantedIt() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let options = ["--on-failure", "freeze"]
            let failing = try await tool.startHolding(
                unit: "app/0",
                options,
                script: "echo started; sleep 1; exit 7"
            )
            let next = try await tool.start(unit: "app/1", options, command: ["echo", "mine"])
            try await next.says("held by app/0")
            let output = await failing.wait()
            #expect(output.status == 7)
            #expect(output.standardError.contains("is frozen: unit app/0"), "\(output)")
            #expect(output.standardError.contains("status 7"))
            try await next.says("it is frozen")
            #expect(next.standardOutput.isEmpty)
            try await self.operate(etcd, "unfreeze").expectSuccess()
            #expect(await next.wait().standardOutput == "mine\n")
            let history = try await self.operate(etcd, "history", "--json")
            #expect(history.standardOutput.contains("\"event\":\"failed\""))
            #expect(history.standardOutput.contains("\"status\":7"))
        }
    }

    @Test
    func aFailedPostCheckFreezesTheLockToo() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let output = try await tool.run(
                ["--on-failure", "freeze", "--post-check", "false", "--check-timeout", "1s"],
                command: ["true"]
            )
            #expect(output.status == 80, "\(output)")
            #expect(try await tool.status().standardOutput.contains("frozen by app/0"))
        }
    }

    @Test
    func soManyFailuresFreezeTheLock() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            func fail(_ unit: String) async throws -> Bool {
                let output = try await tool.run(
                    unit: unit,
                    ["--max-failures", "2", "--timeout", "20s"],
                    command: ["false"]
                )
                #expect(output.status == 1, "\(output)")
                return try await tool.status("--json").standardOutput.contains("\"freeze\"")
            }
            #expect(try await !fail("app/0"))
            #expect(try await tool.run(unit: "app/2", command: ["true"]).status == 0)
            #expect(try await fail("app/1"))
            try await self.operate(etcd, "unfreeze", "looked at it").expectSuccess()
            // It is counted anew.
            #expect(try await !fail("app/0"))
            #expect(try await fail("app/0"))
        }
    }

    @Test
    func theDeathOfAHolderFreezesTheLockIfThatIsWanted() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let holder = try await tool.startHolding(unit: "app/0", ["--ttl", "2s"])
            let options = ["--on-holder-death", "freeze", "--takeover-delay", "1s"]
            let next = try await tool.start(unit: "app/1", options, command: ["echo", "mine"])
            try await next.says("held by app/0")
            holder.signal(SIGKILL)
            _ = await holder.wait()
            try await next.says("it is frozen")
            #expect(next.standardError.contains("app/0 came to an unclean end"))
            let status = try await tool.status()
            #expect(status.standardOutput.contains("app/0 came to an unclean end"))
            #expect(status.standardOutput.contains("frozen by app/1"))
            try await self.operate(etcd, "unfreeze").expectSuccess()
            #expect(await next.wait().standardOutput == "mine\n")
        }
    }

    @Test
    func anOperationThatFailsForGoodFreezesTheLock() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let worker = try await unit.start(
                "worker",
                "--max-retry",
                "0",
                "--on-failure",
                "freeze",
                "--",
                "false"
            )
            try await worker.says("waiting for requests")
            #expect(try await unit.run("request", "restart").status == 0)
            try await worker.says("is frozen: unit")
            #expect(try await unit.tool.status().standardOutput.contains("restart"))
            worker.signal(SIGTERM)
            _ = await worker.wait()
        }
    }
}

extension ChildProcess.Output {
    fileprivate func expectSuccess() {
        #expect(self.isSuccess, "\(self)")
    }
}
