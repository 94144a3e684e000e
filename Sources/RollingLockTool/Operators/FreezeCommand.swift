// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RollingLock

/// `rolling-lock freeze`: stops the roll.
struct FreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Stops the roll: the lock is granted to nobody until it is unfrozen.",
        discussion: """
            Whoever holds the lock goes on to the end of its command. Those who wait keep their \
            places, and others may join them. It may be repeated, with another reason.

            EXAMPLES:
              rolling-lock freeze --cluster-id blue 'bad build 4711'
              rolling-lock unfreeze --cluster-id blue 'build 4712 is out'

            EXIT STATUS:
              0   frozen
              64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
            """
    )

    @Argument(help: ArgumentHelp("Why, for the others to see.", valueName: "reason"))
    var reason: String

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            try await lock.freeze(reason: self.reason)
            FreezeReport(lock: self.lockOptions.lock, frozen: true, changed: true)
                .show(asJSON: self.json, "lock \(self.lockOptions.lock) is frozen")
        }
    }
}

/// `rolling-lock unfreeze`: lets the roll go on.
struct UnfreezeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unfreeze",
        abstract: "Lets the roll go on: the lock is granted to the next in the queue.",
        discussion: """
            Failures that were recorded before do not count for --max-failures any more.

            EXAMPLES:
              rolling-lock unfreeze --cluster-id blue
              rolling-lock unfreeze --cluster-id blue 'build 4712 is out'

            EXIT STATUS:
              0   it is not frozen (any more)
              64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
            """
    )

    @Argument(help: ArgumentHelp("Why, for the others to see.", valueName: "reason"))
    var reason: String?

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            let wasFrozen = try await lock.unfreeze(reason: self.reason)
            let name = self.lockOptions.lock
            FreezeReport(lock: name, frozen: false, changed: wasFrozen).show(
                asJSON: self.json,
                wasFrozen ? "lock \(name) is not frozen any more" : "lock \(name) was not frozen"
            )
        }
    }
}

/// What became of a freeze.
private struct FreezeReport: Encodable {
    var lock: String
    var frozen: Bool
    var changed: Bool

    func show(asJSON: Bool, _ text: String) {
        StandardStream.output.write((asJSON ? JSONText.line(self) : text.printable) + "\n")
    }
}
