// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `rolling-lock acquire --detach`, `resume` and `release`.
@Suite(.hangLimit)
struct DetachedLockTests {
    @Test(arguments: EtcdVersion.allCases)
    func acquiringTwiceIsTheSamePlace(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let unit = try ToolUnit(etcd)
            let first = try await unit.run("acquire", "--detach")
            #expect(first.status == 0, "\(first)")
            let token = try unit.recorded("fencing_token")
            let attributes = try FileManager.default.attributesOfItem(atPath: unit.holdFile)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let again = try await unit.run("acquire", "--detach", "--hold-ttl", "5m")
            #expect(again.status == 0 && again.standardError.contains("still held"), "\(again)")
            #expect(try unit.recorded("fencing_token") == token)
            #expect(try await unit.tool.ticketCount() == 1)
            // One lease for it, and none left of those before.
            try await eventually("one lease is left") {
                try await etcd.etcdctl("lease", "list").contains("found 1 leases")
            }
            #expect(try await unit.run("release").status == 0)
            #expect(try await unit.tool.ticketCount() == 0)
            #expect(!FileManager.default.fileExists(atPath: unit.holdFile))
            // As often as one likes.
            #expect(try await unit.run("release").status == 0)
            #expect(try await unit.run("resume").status == 66)
        }
    }

    @Test
    func othersWaitUntilTheUnitComesBackAndEnds() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            try await unit.run("acquire", "--detach")
            let token = try unit.recorded("fencing_token")
            let other = try await unit.tool.start(unit: "app/1", command: ["echo", "mine"])
            try await other.says("held by app/0")
            // As if the machine had been booted since.
            let text = try String(contentsOfFile: unit.holdFile, encoding: .utf8)
                .replacing(try unit.recorded("boot_id"), with: "an-earlier-boot")
            try text.write(toFile: unit.holdFile, atomically: false, encoding: .utf8)
            let resumed = try await unit.run(
                "resume",
                "--",
                "sh",
                "-c",
                "echo token=$ROLLING_LOCK_FENCING_TOKEN rebooted=$ROLLING_LOCK_REBOOTED; exit 5"
            )
            #expect(resumed.status == 5)
            #expect(resumed.standardOutput == "token=\(token) rebooted=1\n")
            #expect(await other.wait().standardOutput == "mine\n")
            #expect(try await unit.run("resume").status == 66)
        }
    }

    @Test
    func whoResumesAndIsKilledComesBackToTheSameTicket() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            try await unit.run("acquire", "--detach")
            let token = try unit.recorded("fencing_token")
            let killed = try await unit.start(
                "resume",
                "--stop-grace",
                "200ms",
                "--",
                "sh",
                "-c",
                "echo started; exec sleep 60"
            )
            try await killed.says("started")
            #expect(try await unit.run("acquire", "--detach").status == 82)
            killed.signal(SIGKILL)
            await killed.wait()
            let next = try await unit.run("resume", "--", "printenv", "ROLLING_LOCK_FENCING_TOKEN")
            #expect(next.status == 0, "\(next)")
            #expect(next.standardOutput == token + "\n")
            #expect(try await unit.tool.ticketCount() == 0)
        }
    }

    @Test
    func aLockThatWasLostIsTold() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            try await unit.run("acquire", "--detach")
            let token = try unit.recorded("fencing_token")
            try await etcd.etcdctl("del", "--prefix", unit.tool.queue)
            let anew = try await unit.run("acquire", "--detach")
            #expect(anew.status == 0 && anew.standardError.contains("lost"), "\(anew)")
            #expect(try unit.recorded("fencing_token") != token)
            try await etcd.etcdctl("del", "--prefix", unit.tool.queue)
            let trace = etcd.folder + "/trace"
            #expect(try await unit.run("resume", "--", "touch", trace).status == 79)
            #expect(!FileManager.default.fileExists(atPath: trace))
            try await unit.run("acquire", "--detach")
            try await etcd.etcdctl("del", "--prefix", unit.tool.queue)
            let released = try await unit.run("release")
            #expect(released.status == 79)
            #expect(released.standardError.contains("had been lost"))
            #expect(try await unit.run("release").status == 0)
        }
    }

    @Test
    func anAcquireThatIsKilledAtAnyMomentIsRepeatedWithoutHarm() async throws {
        try await withEtcd(.v3_5) { etcd in
            for attempt in 0..<10 {
                let unit = try ToolUnit(etcd, "app/\(attempt)")
                let killed = try await unit.start("acquire", "--detach", "--ttl", "2s")
                try await Task.sleep(for: .milliseconds(20 + attempt * 6))
                killed.signal(SIGKILL)
                await killed.wait()
                let again = try await unit.run("acquire", "--detach", "--ttl", "2s")
                #expect(again.status == 0, "\(again)")
                #expect(try await unit.tool.ticketCount() == 1)
                let fields = try await etcd.etcdctl(
                    "get",
                    "--prefix",
                    unit.tool.queue,
                    "-w",
                    "fields"
                )
                let token = try unit.recorded("fencing_token")
                #expect(fields.contains("\"CreateRevision\" : \(token)"))
                #expect(try await unit.run("release").status == 0)
                #expect(try await unit.tool.ticketCount() == 0)
            }
        }
    }

    @Test
    func aReleaseThatEtcdDoesNotAnswerIsRepeated() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            try await unit.run("acquire", "--detach")
            await etcd.kill()
            let failed = try await unit.run("release", "--command-timeout", "500ms")
            #expect(failed.status == 69, "\(failed)")
            try await etcd.startAgain()
            #expect(try await unit.run("release").status == 0)
            #expect(try await unit.tool.ticketCount() == 0)
        }
    }

    @Test
    func anAcquireDoesNotWaitForTheLockItRunsUnder() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let inner = [BuiltProgram.rollingLock] + unit.arguments("acquire", ["--detach"])
            let output = try await unit.tool.run(command: inner)
            #expect(output.status == 64)
            #expect(output.standardError.contains("would wait for itself"))
        }
    }

    @Test
    func aSignalWhileWaitingLeavesNothing() async throws {
        try await withEtcd(.v3_5) { etcd in
            let holder = try ToolUnit(etcd)
            try await holder.run("acquire", "--detach")
            let waiter = try ToolUnit(etcd, "app/1")
            let waiting = try await waiter.start("acquire", "--detach")
            try await waiting.says("held by app/0")
            waiting.signal(SIGTERM)
            #expect(await waiting.wait().status == 128 + SIGTERM)
            #expect(try await holder.tool.ticketCount() == 1)
            let late = try await waiter.run("acquire", "--detach", "--timeout", "300ms")
            #expect(late.status == 75)
            #expect(!FileManager.default.fileExists(atPath: waiter.holdFile))
        }
    }

    @Test
    func badStateIsRefusedWithWhatMendsIt() async throws {
        // No etcd listens there: it was not even asked.
        let folder = try TemporaryDirectory("state")
        let options =
            ["--endpoints", "127.0.0.1:1", "--cluster-id", "blue", "--unit", "u"]
            + ["--state-dir", folder.path]
        let unit = folder.path + "/blue/default/u"
        try FileManager.default.createDirectory(
            atPath: unit,
            withIntermediateDirectories: true
        )
        try "{\"version\":1}".write(toFile: unit + "/hold.json", atomically: true, encoding: .utf8)
        // Foundation changes the process's umask for a moment, and with it what other tests write.
        _ = unsafe chmod(unit + "/hold.json", 0o600)
        let broken = try await RollingLockTool.run(["release"] + options)
        #expect(broken.status == 78)
        #expect(broken.standardError.contains("hold.json is no record of a held lock"))
        _ = unsafe chmod(unit + "/hold.json", 0o666)
        let foreign = try await RollingLockTool.run(["release"] + options)
        #expect(foreign.status == 78)
        #expect(foreign.standardError.contains("chmod 600 \(unit)/hold.json"))
        let plain = try await RollingLockTool.run(["acquire"] + options)
        #expect(plain.status == 64)
        #expect(plain.standardError.contains("--detach"))
    }
}
