// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RollingLock

/// `rolling-lock cancel`: gives up this unit's places in the queue.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Gives up the places of this unit in the queue.",
        discussion: """
            Whoever waits for one of them in another process fails at once. A ticket that holds \
            the lock is left alone: end its command, or see rolling-lock evict.

            EXAMPLES:
              rolling-lock cancel --cluster-id blue
              rolling-lock cancel --cluster-id blue --unit app/3 --reason 'not today'

            EXIT STATUS:
              0   removed, or there was nothing to remove
              64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
            """
    )

    @Option(help: ArgumentHelp("Why, for the others to see.", valueName: "text"))
    var reason: String?

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            let removed = try await lock.cancel(reason: self.reason)
            RemovalReport(lock: self.lockOptions.lock, removed).show(asJSON: self.json)
        }
    }
}
