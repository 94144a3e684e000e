// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import RollingLock

/// `rolling-lock limits`: how many units may hold the lock together.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Shows or changes how many units may hold the lock together.",
        discussion: """
            Units that wait follow at once; whoever holds the lock goes on, also if there are \
            fewer slots now. Units that say other --slots are refused from now on.

            EXAMPLES:
              rolling-lock limits --cluster-id blue
              rolling-lock limits --cluster-id blue --slots 3
              rolling-lock limits --cluster-id blue --slots 25% --units 20

            EXIT STATUS:
              0   shown, or changed
              64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
            """
    )

    @Option(
        help: ArgumentHelp(
            "How many from now on: a number, or a percentage of --units.",
            valueName: "count|percent%"
        )
    )
    var slots: SlotsArgument?

    @Option(
        help: ArgumentHelp("How many units there are, for a percentage.", valueName: "count")
    )
    var units: Int?

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        var lock: String
        var slots: Int
        var description: String
        var changed: Bool
    }

    func run() async throws {
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            let former = try await lock.queue().limits
            var limits = former
            if let slots = self.slots {
                limits = try slots.limits(units: self.units)
                try await lock.setLimits(limits)
            } else if self.units != nil {
                throw ToolFailure.usage("--units goes with a percentage: --slots 25% --units 20")
            }
            let report = Report(
                lock: self.lockOptions.lock,
                slots: limits.slotCount,
                description: "\(limits)",
                changed: limits != former
            )
            StandardStream.output.write(
                self.json
                    ? JSONText.line(report) + "\n"
                    : "lock \(self.lockOptions.lock.printable) has \(limits)\n"
            )
        }
    }
}
