// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import RollingLock

/// `rolling-lock evict`: removes another unit's ticket.
struct EvictCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evict",
        abstract: "Removes the tickets of a unit from the queue, also one that holds the lock.",
        discussion: """
            For a unit that is gone or hangs. Only the tickets that are there now are removed, \
            never one that the unit makes later. A holder that is alive learns of it at once \
            and stops its command; the next unit is granted the lock after its --takeover-delay.

            A record of who did it and why stays: see rolling-lock history.

            EXAMPLES:
              rolling-lock evict app/3 --cluster-id blue --reason 'machine is gone'
              rolling-lock evict app/3 --token 4711 --cluster-id blue --reason 'hangs'

            EXIT STATUS:
              0   removed, or there was nothing to remove
              64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
            """
    )

    @Argument(help: ArgumentHelp("The unit, as status shows it.", valueName: "unit"))
    var evicted: String

    @Option(help: ArgumentHelp("Why, for the others to see.", valueName: "text"))
    var reason: String

    @Option(
        help: ArgumentHelp("Only the ticket with this fencing token.", valueName: "number")
    )
    var token: Int64?

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            var removed: [RollingLockTicket] = []
            // The last first: nobody gets the lock only to lose it.
            for ticket in try await lock.queue().tickets.reversed()
            where ticket.unitDescription == self.evicted
                && (self.token ?? ticket.createRevision.rawValue)
                    == ticket.createRevision.rawValue
            {
                if try await lock.evict(ticket, reason: self.reason) { removed.append(ticket) }
            }
            RemovalReport(lock: self.lockOptions.lock, removed).show(asJSON: self.json)
        }
    }
}
