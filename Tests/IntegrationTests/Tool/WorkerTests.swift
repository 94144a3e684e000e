// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import Glibc
import Testing

/// `rolling-lock request`, `worker` and `leave`.
@Suite(.hangLimit)
struct WorkerTests {
    private static let tell =
        "echo $ROLLING_LOCK_OPERATION $ROLLING_LOCK_SEQUENCE "
        + "$ROLLING_LOCK_ATTEMPT \"$(cat \"$ROLLING_LOCK_ARGUMENT_FILE\" 2>&-)\"; "

    /// The lines that a worker's commands have written.
    private func lines(_ worker: ChildProcess) -> [String] {
        worker.standardOutput.split(separator: "\n").map(String.init)
    }

    @Test(arguments: EtcdVersion.allCases)
    func operationsAreDoneInTheirOrderWithTheirArguments(_ version: EtcdVersion) async throws {
        try await withEtcd(version) { etcd in
            let unit = try ToolUnit(etcd)
            let secret = "secret-\(UInt64.random(in: .min ... .max))"
            let argument = etcd.folder + "/argument"
            try secret.write(toFile: argument, atomically: true, encoding: .utf8)
            let early = try await unit.run("request", "first", "--argument-file", argument)
            #expect(early.status == 0 && early.standardError.contains("no worker runs"))
            let worker = try await unit.startWorker(script: Self.tell)
            #expect(try await unit.run("request", "second").standardError == "")
            let third = try await unit.run("request", "third", "--json")
            #expect(
                third.standardOutput
                    == "{\"joined\":false,\"operation\":\"third\",\"sequence\":3,\"worker\":true}\n"
            )
            try await worker.says("third 3 1")
            try await eventually("nothing is left") { try await unit.requests().isEmpty }
            #expect(await unit.stop(worker) == "first 1 1 \(secret)\nsecond 2 1 \nthird 3 1 \n")
            #expect(try await unit.tool.ticketCount() == 0)
            let left = try FileManager.default.contentsOfDirectory(
                atPath: unit.statePath + "/spool/arguments"
            )
            #expect(left.isEmpty)
            // All that etcd was ever told is in its log.
            let found = try await ChildProcess.run(
                "/bin/grep",
                ["-rq", secret, etcd.folder + "/data"]
            )
            let control = try await ChildProcess.run("/bin/grep", ["-rq", "second", etcd.folder])
            #expect(found.status != 0 && control.status == 0)
        }
    }

    @Test
    func aRequestTakesItsPlaceAtOnceEvenWhileTheWorkerIsBusy() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let gate = etcd.folder + "/gate"
            let worker = try await unit.startWorker(
                environment: ["GATE": gate],
                script: """
                    echo $ROLLING_LOCK_OPERATION $ROLLING_LOCK_FENCING_TOKEN
                    until [ -e $GATE ]; do sleep 0.02; done
                    """
            )
            try await unit.run("request", "first")
            try await worker.says("first ")
            try await unit.run("request", "second")
            try await eventually("it has a second place") {
                try await unit.tool.ticketCount() == 2
            }
            let other = try await unit.tool.start(
                unit: "app/1",
                command: ["printenv", "ROLLING_LOCK_FENCING_TOKEN"]
            )
            try await other.says("held by app/0, then app/0")
            _ = FileManager.default.createFile(atPath: gate, contents: nil)
            let token = try #require(Int(await other.wait().standardOutput.dropLast()))
            let tokens = self.lines(worker).compactMap { line in
                line.split(separator: " ").last.flatMap { Int($0) }
            }
            #expect(tokens.count == 2 && tokens.allSatisfy { $0 < token })
            await unit.stop(worker)
        }
    }

    @Test
    func status75LetsTheOthersGoFirstAnd76KeepsTheLock() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let gate = etcd.folder + "/gate"
            let worker = try await unit.startWorker(
                environment: ["GATE": gate],
                script: """
                    echo $ROLLING_LOCK_OPERATION $ROLLING_LOCK_ATTEMPT $ROLLING_LOCK_FENCING_TOKEN
                    [ $ROLLING_LOCK_ATTEMPT -lt 2 ] || exit 0
                    [ $ROLLING_LOCK_OPERATION = later ] || exit 76
                    until [ -e $GATE ]; do sleep 0.02; done
                    exit 75
                    """
            )
            try await unit.run("request", "later")
            try await worker.says("later 1")
            let other = try await unit.tool.start(
                unit: "app/1",
                command: ["printenv", "ROLLING_LOCK_FENCING_TOKEN"]
            )
            try await other.says("held by app/0")
            _ = FileManager.default.createFile(atPath: gate, contents: nil)
            let between = try #require(Int(await other.wait().standardOutput.dropLast()))
            try await worker.says("later 2")
            try await unit.run("request", "now")
            try await worker.says("now 2")
            let tokens = self.lines(worker).map { $0.split(separator: " ").map(String.init)[2] }
                .compactMap { Int($0) }
            try #require(tokens.count == 4)
            #expect(tokens[0] < between && between < tokens[1])
            #expect(tokens[2] == tokens[3])
            await unit.stop(worker)
        }
    }

    @Test
    func anOperationThatHasFailedForGoodIsKeptAndTheNextOneBegins() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let worker = try await unit.startWorker(
                ["--max-retry", "1"],
                script: Self.tell + "[ $ROLLING_LOCK_OPERATION != bad ] || exit 9"
            )
            try await unit.run("request", "bad")
            try await unit.run("request", "good")
            try await worker.says("good 2 1")
            #expect(self.lines(worker) == ["bad 1 1 ", "bad 1 2 ", "good 2 1 "])
            try await eventually("the good one is done") { try await unit.requests().count == 1 }
            let failed = try await unit.requests()[0]
            #expect(
                failed["failure"] as? String == "it ended with status 9, and attempt 2 was the "
                    + "last of 2"
            )
            #expect(failed["last_status"] as? Int == 9)
            #expect(try await unit.run("requests").standardOutput.contains("failed"))
            #expect(try await unit.run("requests", "--retry", "1").status == 0)
            try await eventually("it is tried again") { self.lines(worker).count == 5 }
            try await eventually("it has failed again") {
                try await unit.requests().first?["failure"] != nil
            }
            #expect(try await unit.run("requests", "--forget", "1").status == 0)
            #expect(try await unit.run("requests", "--forget", "1").status == 66)
            #expect(try await unit.requests().isEmpty)
            await unit.stop(worker)
        }
    }

    @Test
    func anOperationWhoseWorkerIsKilledIsRunAgainAfterItsCommandIsDead() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let trace = etcd.folder + "/trace"
            // Each command writes who it is until it is killed; SIGTERM does not end it.
            let script = """
                trap '' TERM
                echo runs $ROLLING_LOCK_ATTEMPT interrupted=$ROLLING_LOCK_INTERRUPTED
                [ $ROLLING_LOCK_ATTEMPT = 1 ] || { echo 2 >> \(trace); exit 0; }
                while :; do echo 1 >> \(trace); sleep 0.02; done
                """
            let options = ["--ttl", "4s", "--stop-grace", "300ms"]
            let first = try await unit.startWorker(options, script: script)
            try await unit.run("request", "fragile")
            try await first.says("runs 1")
            first.signal(SIGKILL)
            await first.wait()
            let second = try await unit.startWorker(options, script: script)
            try await second.says("runs 2 interrupted=1")
            try await eventually("it is done") { try await unit.requests().isEmpty }
            // The first one was dead before the second began, and stays so.
            try await Task.sleep(for: .milliseconds(200))
            let text = try String(contentsOfFile: trace, encoding: .utf8)
            #expect(text.hasSuffix("1\n2\n"))
            await unit.stop(second)
        }
    }

    @Test
    func nothingIsLostByWorkersThatAreKilledAtAnyMoment() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let trace = etcd.folder + "/trace"
            let script = "sleep 0.05; echo $ROLLING_LOCK_SEQUENCE >> \(trace)"
            let options = ["--ttl", "2s", "--stop-grace", "100ms"]
            for _ in 0..<12 { try await unit.run("request", "step") }
            for kill in 0..<4 {
                let worker = try await unit.startWorker(options, script: script)
                try await worker.says("granted")
                try await Task.sleep(for: .milliseconds(60 + kill * 37))
                worker.signal(SIGKILL)
                await worker.wait()
            }
            let last = try await unit.startWorker(options, script: script)
            try await eventually("all is done") { try await unit.requests().isEmpty }
            await unit.stop(last)
            let text = try String(contentsOfFile: trace, encoding: .utf8)
            let done = text.split(separator: "\n").compactMap { Int($0) }
            #expect(Set(done) == Set(1...12))
            #expect(done == done.sorted())
        }
    }

    @Test
    func anOperationWhoseWorkerIsKilledIsKeptAsFailedOnRequest() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let options = ["--ttl", "2s", "--stop-grace", "200ms", "--on-interrupted", "fail"]
            let first = try await unit.startWorker(options, script: Self.tell + "exec sleep 60")
            try await unit.run("request", "fragile")
            try await first.says("fragile 1 1")
            first.signal(SIGKILL)
            await first.wait()
            let second = try await unit.startWorker(options, script: Self.tell)
            let failed = try #require(try await unit.requests().first)
            #expect(failed["failure"] as? String == "it was interrupted")
            #expect(await unit.stop(second) == "")
        }
    }

    @Test
    func aWorkerThatIsStoppedGivesUpItsPlaceOrPassesTheSignalOn() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let holder = try await unit.tool.startHolding(unit: "app/1")
            let waiting = try await unit.startWorker(script: Self.tell)
            try await unit.run("request", "patient")
            try await waiting.says("held by app/1")
            #expect(await unit.stop(waiting) == "")
            #expect(try await unit.tool.ticketCount() == 1)
            holder.signal(SIGTERM)
            await holder.wait()

            let script = Self.tell + "trap 'echo told; exit 3' TERM; while :; do sleep 0.02; done"
            let busy = try await unit.startWorker(script: script)
            try await busy.says("patient 1 1")
            #expect(await unit.stop(busy) == "patient 1 1 \ntold\n")
            #expect(try await unit.tool.ticketCount() == 0)
            // The attempt that was ended does not count.
            let last = try await unit.startWorker(script: Self.tell)
            try await last.says("patient 1 1")
            try await eventually("it is done") { try await unit.requests().isEmpty }
            await unit.stop(last)
        }
    }

    @Test
    func aGrantIsUsedForALimitedTime() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let worker = try await unit.startWorker(
                ["--max-hold", "300ms", "--stop-grace", "200ms", "--max-retry", "1"],
                script: Self.tell + "trap '' TERM; while :; do sleep 0.05; done"
            )
            try await unit.run("request", "endless")
            try await worker.says("has failed")
            let failed = try #require(try await unit.requests().first)
            #expect(
                failed["failure"] as? String == "it did not end within --max-hold, and attempt 2 "
                    + "was the last of 2"
            )
            try await eventually("the lock is free") { try await unit.tool.ticketCount() == 0 }
            await unit.stop(worker)
        }
    }

    @Test
    func aUnitHasOneWorker() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let worker = try await unit.startWorker(script: Self.tell)
            let second = try await unit.run("worker", "--", "true")
            #expect(second.status == 82)
            #expect(second.standardError.contains("another worker runs for unit app/0"))
            worker.signal(SIGKILL)
            await worker.wait()
            await unit.stop(try await unit.startWorker(script: Self.tell))
        }
    }

    @Test
    func aWorkerOutlivesAnEtcdThatGoesAway() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let worker = try await unit.startWorker(script: Self.tell)
            await etcd.kill()
            try await unit.run("request", "patient")
            try await worker.says("trying again")
            try await etcd.startAgain()
            try await worker.says("patient 1 1")
            await unit.stop(worker)
        }
    }

    @Test
    func whoLeavesLeavesNothing() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            let worker = try await unit.startWorker(
                ["--stop-grace", "200ms"],
                script: Self.tell + "trap '' TERM; while :; do sleep 0.05; done"
            )
            try await unit.run("request", "endless")
            try await worker.says("endless 1 1")
            let left = try await unit.run("leave")
            #expect(left.status == 0, "\(left)")
            #expect(await worker.wait().status == 0)
            #expect(try await unit.tool.ticketCount() == 0)
            #expect(!FileManager.default.fileExists(atPath: unit.statePath))
            #expect(try await unit.run("leave").status == 0)
            // A lock that is held without a process goes too.
            try await unit.run("acquire", "--detach")
            #expect(try await unit.tool.ticketCount() == 1)
            #expect(try await unit.run("leave").status == 0)
            #expect(try await unit.tool.ticketCount() == 0)
            #expect(!FileManager.default.fileExists(atPath: unit.statePath))
        }
    }

    @Test
    func aJujuHookIsDispatchedUnderTheLock() async throws {
        try await withEtcd(.v3_5) { etcd in
            let unit = try ToolUnit(etcd)
            // Runs a command line in the unit's own surroundings, as juju-exec does: nothing of the
            // caller's environment reaches it, and the command's status becomes its own.
            let programs = etcd.folder + "/bin"
            try FileManager.default.createDirectory(
                atPath: programs,
                withIntermediateDirectories: true
            )
            try """
            #!/bin/sh
            [ -z "$JUJU_CONTEXT_ID" ] || { echo "inside another hook" >&2; exit 1; }
            [ "$1" = -u ] && [ "$2" = app/0 ] || exit 2
            exec env -i PATH="$PATH" sh -c "$3"
            """.write(toFile: programs + "/juju-exec", atomically: true, encoding: .utf8)
            try """
            #!/bin/sh
            echo "$JUJU_DISPATCH_PATH attempt $ROLLING_LOCK_ATTEMPT"
            cat "$ROLLING_LOCK_ARGUMENT_FILE"
            [ $ROLLING_LOCK_ATTEMPT -ge 2 ] || exit 75
            """.write(toFile: etcd.folder + "/dispatch", atomically: true, encoding: .utf8)
            for path in [programs + "/juju-exec", etcd.folder + "/dispatch"] {
                _ = unsafe chmod(path, 0o755)
            }
            let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
            let worker = try await unit.startWorker(
                environment: [
                    "PATH": programs + ":" + path, "JUJU_UNIT_NAME": "app/0",
                    "CHARM_DIR": etcd.folder, "JUJU_CONTEXT_ID": "app/0-install-1",
                ],
                script: Self.jujuRecipe
            )
            let argument = etcd.folder + "/argument"
            try "it's \"quoted\" $HOME\n".write(toFile: argument, atomically: true, encoding: .utf8)
            try await unit.run("request", "rollingops-granted", "--argument-file", argument)
            try await worker.says("hooks/rollingops-granted attempt 2")
            try await eventually("it is done") { try await unit.requests().isEmpty }
            #expect(self.lines(worker).contains("it's \"quoted\" $HOME"))
            await unit.stop(worker)
        }
    }

    /// As AskingForOperations.md has it.
    private static let jujuRecipe = """
        exec juju-exec -u "$JUJU_UNIT_NAME" "
            ROLLING_LOCK_ATTEMPT=$ROLLING_LOCK_ATTEMPT
            ROLLING_LOCK_ARGUMENT_FILE='$ROLLING_LOCK_ARGUMENT_FILE'
            ROLLING_LOCK_FENCING_TOKEN=$ROLLING_LOCK_FENCING_TOKEN
            JUJU_DISPATCH_PATH=hooks/$ROLLING_LOCK_OPERATION
            export ROLLING_LOCK_ATTEMPT ROLLING_LOCK_ARGUMENT_FILE ROLLING_LOCK_FENCING_TOKEN
            export JUJU_DISPATCH_PATH
            $CHARM_DIR/dispatch"
        """
}
