// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import FoundationEssentials
import RollingLock

/// `rolling-lock leave`: a unit goes for good.
struct LeaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Ends all that this unit has to do with the lock, for scaling down.",
        discussion: """
            The worker stops: it gives its place up, or its command gets SIGTERM, and SIGKILL after \
            --stop-grace. The lock that acquire --detach left held is released. What was asked for \
            and is not done is dropped, and the unit's folder in the state folder removed. It may \
            be called again, and when there is nothing.

            Commands of rolling-lock run, which have no state, are not touched: end them.

            EXAMPLES:
              rolling-lock leave --cluster-id blue

            EXIT STATUS:
              0   nothing is left                   64  wrong arguments
              69  etcd is unavailable (repeat it)   77  etcd or TLS denied access
              78  the state folder is unusable
              82  the worker, or another command, did not end within --timeout (repeat it)
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions

    @Option(
        help: ArgumentHelp("How long to wait for the worker's end.", valueName: "duration")
    )
    var timeout = DurationArgument(.seconds(60))

    @OptionGroup(title: "Connection") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        try await LockSession.run(self.lockOptions, self.output) { try await self.run(in: $0) }
    }

    private func run(in session: LockSession) async throws -> Int32 {
        let directory = try self.state.directory(
            self.lockOptions,
            unit: session.unit,
            environment: session.environment
        )
        guard directory.exists else { return ReleaseCommand.nothing(session) }
        let deadline = ContinuousClock.now + self.timeout.duration
        let spool = Spool(directory.spoolPath)
        var workerLock: FileLock?
        if spool.exists {
            try spool.leave()
            workerLock = try await Self.wait(until: deadline, "the worker") {
                try spool.lockWorker()
            }
        }
        let holdLock = try await Self.wait(until: deadline, "another acquire, resume or release") {
            try directory.tryLockHold()
        }
        defer { withExtendedLifetime((workerLock, holdLock)) {} }
        if let recorded = try HoldRecord.read(in: directory) {
            try await session.withLock(self.connection, ttl: .seconds(30)) { lock in
                _ = try await DetachedHold(
                    lock: lock,
                    directory: directory,
                    reporter: session.reporter
                ).release(recorded)
            }
        }
        do {
            try FileManager.default.removeItem(atPath: directory.path)
        } catch {
            throw ToolFailure.configuration("\(directory.path) cannot be removed: \(error)")
        }
        session.reporter.report(.left)
        return 0
    }

    private static func wait(
        until deadline: ContinuousClock.Instant,
        _ who: String,
        _ attempt: () throws -> FileLock?
    ) async throws -> FileLock {
        while true {
            if let lock = try attempt() { return lock }
            guard ContinuousClock.now < deadline else {
                throw ToolFailure(
                    status: ExitStatus.busy,
                    message: "\(who) did not end in time; end it and repeat rolling-lock leave"
                )
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}
