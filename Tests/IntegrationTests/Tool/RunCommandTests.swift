// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `rolling-lock run`: the command, its surroundings and its status.
@Suite(.hangLimit)
struct RunCommandTests {
    @Test(arguments: EtcdVersion.allCases)
    func theCommandsStatusBecomesTheTools(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            #expect(try await tool.run(command: ["true"]).status == 0)
            #expect(try await tool.run(command: ["sh", "-c", "exit 7"]).status == 7)
            let killed = try await tool.run(command: ["sh", "-c", "kill -KILL $$"])
            #expect(killed.status == 128 + SIGKILL)
            #expect(try await tool.ticketCount() == 0)
        }
    }

    @Test
    func argumentsReachTheCommandWithoutAShellInBetween() async throws {
        try await withEtcd(.v3_5) { etcd in
            let arguments = ["two words", "$HOME", "*", "", "--json", "--", "ü"]
            let output = try await RollingLockTool(etcd: etcd)
                .run(command: ["printf", "<%s>"] + arguments)
            #expect(output.standardOutput == arguments.map { "<\($0)>" }.joined())
        }
    }

    @Test
    func theCommandFindsTheLockInItsEnvironment() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let child = try await tool.startHolding(script: "env; echo started; exec sleep 60")
            let pairs = child.standardOutput.split(separator: "\n").map {
                $0.split(separator: "=", maxSplits: 1).map(String.init)
            }
            let variables = Dictionary(
                pairs.filter { $0.count == 2 }.map { ($0[0], $0[1]) },
                uniquingKeysWith: { first, _ in first }
            )
            #expect(variables["ROLLING_LOCK_NAME"] == "default")
            #expect(variables["ROLLING_LOCK_CLUSTER_ID"] == "blue")
            #expect(variables["ROLLING_LOCK_UNIT"] == "app/0")
            let key = try #require(variables["ROLLING_LOCK_KEY"])
            #expect(key.hasPrefix(tool.queue))
            let fields = try await etcd.etcdctl("get", key, "-w", "fields")
            let token = try #require(variables["ROLLING_LOCK_FENCING_TOKEN"])
            #expect(fields.contains("\"CreateRevision\" : \(token)"))
            let lease = try #require(
                variables["ROLLING_LOCK_LEASE"].flatMap { Int64($0, radix: 16) }
            )
            #expect(fields.contains("\"Lease\" : \(lease)"))
            child.signal(SIGTERM)
            #expect(await child.wait().status == 128 + SIGTERM)
            #expect(try await tool.ticketCount() == 0)
        }
    }

    @Test
    func aTimeoutNeverRunsTheCommand() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let holder = try await tool.startHolding()
            let trace = etcd.folder + "/trace"
            let late = try await tool.run(
                unit: "app/1",
                ["--timeout", "300ms"],
                command: ["touch", trace]
            )
            #expect(late.status == 75)
            #expect(late.standardError.contains("not granted within 300ms"))
            #expect(!FileManager.default.fileExists(atPath: trace))
            #expect(try await tool.ticketCount() == 1)
            holder.signal(SIGTERM)
            await holder.wait()
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGQUIT])
    func aSignalGivesUpThePlaceInTheQueue(_ signal: Int32) async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let holder = try await tool.startHolding()
            let trace = etcd.folder + "/trace"
            let waiter = try await tool.start(unit: "app/1", command: ["touch", trace])
            try await waiter.says("held by app/0")
            waiter.signal(signal)
            #expect(await waiter.wait().status == 128 + signal)
            #expect(try await tool.ticketCount() == 1)
            holder.signal(SIGTERM)
            await holder.wait()
            #expect(!FileManager.default.fileExists(atPath: trace))
        }
    }

    @Test(arguments: ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
    func signalsReachTheCommandAndItsChildren(_ name: String) async throws {
        let numbers = [
            "TERM": SIGTERM, "INT": SIGINT, "HUP": SIGHUP, "QUIT": SIGQUIT, "USR1": SIGUSR1,
            "USR2": SIGUSR2,
        ]
        let number = try #require(numbers[name])
        try await withEtcd(.v3_5) { etcd in
            // A shell starts background jobs with SIGINT and SIGQUIT ignored; the second sh is one in
            // the foreground.
            let script = """
                trap 'echo outer; exit 3' \(name)
                sh -c "trap 'echo inner; exit 0' \(name); echo started; while :; do sleep 0.05; done"
                exit 4
                """
            let child = try await RollingLockTool(etcd: etcd).startHolding(script: script)
            child.signal(number)
            let output = await child.wait()
            #expect(output.standardOutput.contains("inner"))
            #expect(output.standardOutput.contains("outer"))
            #expect(output.status == 3)
        }
    }

    @Test
    func aCommandThatIsNotThereIsNoticedBeforeAnybodyWaits() async throws {
        // No etcd listens there: it was not even asked.
        let options = ["run", "--endpoints", "127.0.0.1:1", "--cluster-id", "blue", "--"]
        let missing = try await RollingLockTool.run(options + ["no-such-command"])
        #expect(missing.status == 127)
        #expect(missing.standardError.contains("no-such-command"))
        let unfit = try await RollingLockTool.run(options + ["/etc/passwd"])
        #expect(unfit.status == 126)
        #expect(unfit.standardError.contains("chmod +x /etc/passwd"))
        #expect(try await RollingLockTool.run(options + ["/etc"]).status == 126)
    }

    @Test
    func aCommandDoesNotWaitForTheLockItRunsUnder() async throws {
        try await withEtcd(.v3_5) { etcd in
            let tool = RollingLockTool(etcd: etcd)
            let inner = [
                BuiltProgram.rollingLock, "run", "--endpoints", etcd.endpoint, "--cluster-id",
                "blue",
            ]
            let same = try await tool.run(command: inner + ["--", "true"])
            #expect(same.status == 64)
            #expect(same.standardError.contains("would wait for itself"))
            let other = try await tool.run(command: inner + ["--lock", "other", "--", "true"])
            #expect(other.status == 0)
        }
    }

    @Test
    func eventsAreJSONLinesWhenAsked() async throws {
        try await withEtcd(.v3_5) { etcd in
            let output = try await RollingLockTool(etcd: etcd).run(
                ["--json"],
                command: ["true"]
            )
            let events = try output.standardError.split(separator: "\n").map { line in
                try #require(
                    JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                )
            }
            #expect(
                events.compactMap { $0["event"] as? String }
                    == ["granted", "started", "ended", "releasing", "released"]
            )
            let times = events.compactMap { $0["boottime_ns"] as? Int64 }
            #expect(times.count == 5 && times == times.sorted())
        }
    }

    @Test
    func quietMeansFailuresOnly() async throws {
        try await withEtcd(.v3_5) { etcd in
            let output = try await RollingLockTool(etcd: etcd).run(["--quiet"], command: ["true"])
            #expect(output.standardError == "")
        }
    }
}
