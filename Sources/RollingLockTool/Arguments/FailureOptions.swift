// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What becomes of the roll when the work under the lock fails.
struct FailureOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "What to do when the command or its post-check fails: continue, or freeze the lock.",
            discussion: """
                A frozen lock is granted to nobody until rolling-lock unfreeze. It is frozen in the \
                same step in which it is released.
                """,
            valueName: "what"
        )
    )
    var onFailure = FailureArgument.continue

    @Option(
        help: ArgumentHelp(
            "Freeze the lock when so many failures were recorded since it was last unfrozen.",
            discussion: "The failures of all units count, also of those that do not say this.",
            valueName: "count"
        )
    )
    var maxFailures: Int?

    func validate() throws {
        guard self.maxFailures ?? 1 > 0 else {
            throw ValidationError("--max-failures must be at least 1.")
        }
    }

    /// How many failures freeze the lock; `nil` if none does.
    var freezesAfter: Int? { self.onFailure == .freeze ? 1 : self.maxFailures }
}

/// `continue` or `freeze`.
enum FailureArgument: String, ExpressibleByArgument, CaseIterable {
    case `continue`, freeze
}
