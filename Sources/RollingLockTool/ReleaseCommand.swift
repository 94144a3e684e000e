// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import RollingLock

/// `rolling-lock release`: gives a detached lock up.
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Gives the lock up that acquire --detach left held.",
        discussion: """
            Only the very ticket that is written down in the state folder is given up, never one \
            that this unit has got later. With nothing held it does nothing, so it may be called \
            at every boot and more than once.

            EXAMPLES:
              rolling-lock release --cluster-id blue

            EXIT STATUS:
              0   given up, or nothing was held               64  wrong arguments
              69  etcd is unavailable (still held; repeat it) 77  etcd or TLS denied access
              78  a setting, a file or the state folder is unusable
              79  the lock had been lost before; others may have had it meanwhile
              82  another rolling-lock works on this unit's lock
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() async throws {
        try await LockSession.run(self.lockOptions, self.output) { session in
            let directory = try self.state.directory(
                self.lockOptions,
                unit: session.unit,
                environment: session.environment
            )
            guard directory.exists else { return Self.nothing(session) }
            let guardLock = try directory.lockHold()
            defer { withExtendedLifetime(guardLock) {} }
            guard let recorded = try HoldRecord.read(in: directory) else {
                return Self.nothing(session)
            }
            return try await session.withLock(self.connection, ttl: .seconds(30)) { lock in
                let hold = DetachedHold(
                    lock: lock,
                    directory: directory,
                    reporter: session.reporter
                )
                guard try await hold.release(recorded) else {
                    throw ToolFailure(
                        status: ExitStatus.lost,
                        message: "the lock had been lost before it was given up; "
                            + "other units may have held it since"
                    )
                }
                return 0
            }
        }
    }

    static func nothing(_ session: LockSession) -> Int32 {
        session.reporter.report(.nothing)
        return 0
    }
}
