// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import RollingLock

/// Who may hold the lock together, and what happens after an unclean end.
struct SharingOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How many units may hold the lock together: a number, or a percentage of --units.",
            discussion: """
                Kept in etcd by the first unit, and to be the same for all: who says otherwise \
                is refused. Without it, what is kept counts, at first 1. See rolling-lock limits.
                """,
            valueName: "count|percent%"
        )
    )
    var slots: SlotsArgument?

    @Option(
        help: ArgumentHelp("How many units there are, for a percentage.", valueName: "count")
    )
    var units: Int?

    @Option(
        help: ArgumentHelp(
            "This unit's group: units of different groups never hold the lock together.",
            valueName: "name"
        )
    )
    var group: String?

    @Flag(help: "Hold the lock beside others that say --shared, and nobody else.")
    var shared = false

    @Option(
        help: ArgumentHelp(
            "How long to wait after a unit came to an unclean end that may have held the lock.",
            discussion: "In that time it stops its work. 0s waits for nothing.",
            valueName: "duration"
        )
    )
    var takeoverDelay = DurationArgument(.seconds(5))

    @Option(
        help: ArgumentHelp(
            "What to do then: continue, or freeze the lock for somebody to look.",
            valueName: "what"
        )
    )
    var onHolderDeath = HolderDeathArgument.continue

    /// Takes the options over.
    ///
    /// - Throws: ``ToolFailure`` if they contradict each other.
    func apply(to configuration: inout RollingLock.Configuration) throws {
        configuration.limits = try self.slots.map { try $0.limits(units: self.units) }
        if self.slots == nil, self.units != nil {
            throw ToolFailure.usage("--units goes with a percentage: --slots 25% --units 20")
        }
        if self.shared, self.slots != nil || self.group != nil {
            throw ToolFailure.usage("--shared goes neither with --slots nor with --group")
        }
        configuration.group = self.group.map { EtcdBytes($0) }
        configuration.takeoverDelay = self.takeoverDelay.duration
        configuration.onHolderDeath = self.onHolderDeath == .freeze ? .freeze : .continue
    }

    /// Beside which others the lock is wanted.
    var mode: RollingLockMode { self.shared ? .shared : .exclusive }
}

/// `continue` or `freeze`.
enum HolderDeathArgument: String, ExpressibleByArgument, CaseIterable {
    case `continue`, freeze
}

/// A number of slots, or a percentage.
struct SlotsArgument: ExpressibleByArgument {
    private let number: Int
    private let isPercentage: Bool

    init?(argument: String) {
        self.isPercentage = argument.hasSuffix("%")
        guard let number = Int(argument.hasSuffix("%") ? String(argument.dropLast()) : argument)
        else { return nil }
        self.number = number
    }

    /// The limits that are meant.
    ///
    /// - Throws: ``ToolFailure`` or `RollingLockError` if there can be no such limits.
    func limits(units: Int?) throws -> RollingLockLimits {
        guard self.isPercentage else {
            guard units == nil else {
                throw ToolFailure.usage("--units goes with a percentage: --slots 25% --units 20")
            }
            return try .slots(self.number)
        }
        guard let units else {
            throw ToolFailure.usage("a percentage needs the number of units: say --units <count>")
        }
        return try .percent(self.number, ofUnits: units)
    }
}
