// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// What is asked before and after the operation.
struct HealthOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A command that says by status 0 that this unit may begin.",
            discussion: "Run by /bin/sh -c, before queueing and again when the lock is granted "
                + "($ROLLING_LOCK_CHECK is queue, then begin).",
            valueName: "command"
        )
    )
    var preCheck: String?

    @Option(
        help: ArgumentHelp(
            "A command that says by status 0 that this unit is well after the operation.",
            discussion: "Run by /bin/sh -c while the lock is still held, until it has said so for "
                + "--min-healthy. Not asked when the operation itself failed.",
            valueName: "command"
        )
    )
    var postCheck: String?

    @Option(
        help: ArgumentHelp(
            "For how long the post-check must say yes on end (default: one yes is enough).",
            valueName: "duration"
        )
    )
    var minHealthy: DurationArgument?

    @Option(
        help: ArgumentHelp(
            "How long a pre-check, and all post-checks together, may take.",
            valueName: "duration"
        )
    )
    var checkTimeout = DurationArgument(.seconds(600))

    @Option(
        help: ArgumentHelp("The pause between two post-checks.", valueName: "duration")
    )
    var checkInterval = DurationArgument(.seconds(2))

    /// The gate that these options describe.
    func gate(stopGrace: Duration) throws -> HealthGate {
        for (text, name) in [(self.preCheck, "--pre-check"), (self.postCheck, "--post-check")] {
            guard text.map({ !$0.isEmpty && !$0.utf8.contains(0) }) ?? true else {
                throw ToolFailure.usage("\(name) wants a command")
            }
        }
        guard self.postCheck != nil || self.minHealthy == nil else {
            throw ToolFailure.usage("--min-healthy is of no use without --post-check <command>")
        }
        let minHealthy = self.minHealthy?.duration ?? .zero
        guard minHealthy < self.checkTimeout.duration else {
            throw ToolFailure.usage("--check-timeout must be longer than --min-healthy")
        }
        return HealthGate(
            preCheck: self.preCheck.map { ChildCommand(shell: $0) },
            postCheck: self.postCheck.map { ChildCommand(shell: $0) },
            minHealthy: minHealthy,
            timeout: self.checkTimeout.duration,
            interval: max(self.checkInterval.duration, .milliseconds(50)),
            stopGrace: stopGrace
        )
    }
}
