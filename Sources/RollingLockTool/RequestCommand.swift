// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FoundationEssentials
import RollingLock

/// `rolling-lock request`: asks for an operation that the worker does under the lock.
struct RequestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "request",
        abstract: "Asks for an operation, which the worker does when it is this unit's turn.",
        discussion: """
            Writes the request into the state folder and returns; the worker takes a place in the \
            cluster's queue at once. The operation is a name that the worker's command knows. Its \
            argument is copied from a file, stays on this machine, and is found by the command in \
            the file $ROLLING_LOCK_ARGUMENT_FILE.

            With --dedupe a request is joined with one of the same operation and key that has not \
            begun: that keeps its place, and the argument given last counts.

            EXAMPLES:
              rolling-lock request --cluster-id blue restart
              rolling-lock request --cluster-id blue restart --dedupe config
              rolling-lock request --cluster-id blue resize --argument-file size.json

            EXIT STATUS:
              0   written down, or joined
              64  wrong arguments
              78  a file or the state folder is unusable
              82  the spool is full, or this unit is leaving
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions

    @Option(
        help: ArgumentHelp("Join it with a request of the same key.", valueName: "key")
    )
    var dedupe: String?

    @Option(
        help: ArgumentHelp(
            "The file with the operation's argument, at most 1 MiB; - is standard input.",
            valueName: "file"
        )
    )
    var argumentFile: String?

    @Option(
        help: ArgumentHelp(
            "How often it is tried again at most (default: as the worker says).",
            valueName: "count"
        )
    )
    var maxRetry: Int?

    @Option(
        help: ArgumentHelp(
            "For how long it is tried again (default: as the worker says).",
            valueName: "duration"
        )
    )
    var retryDeadline: DurationArgument?

    @Flag(help: "Print what was written down as JSON.")
    var json = false

    @Argument(help: ArgumentHelp("The name of the operation.", valueName: "operation"))
    var operation: String

    private struct Report: Encodable {
        var sequence: Int64
        var operation: String
        var joined: Bool
        var worker: Bool
    }

    func run() async throws {
        try SpoolAccess.run(self.lockOptions, self.state) { spool in
            guard self.maxRetry ?? 0 >= 0 else {
                throw ToolFailure.usage("--max-retry must not be negative")
            }
            try spool.make()
            let (request, isJoined) = try spool.add(
                .init(
                    operation: self.operation,
                    dedupe: self.dedupe,
                    argument: try self.argument(),
                    maxRetry: self.maxRetry,
                    retryDeadline: self.retryDeadline?.duration,
                    requestedAt: "\(RollingLockTimestamp.now)"
                )
            )
            let report = Report(
                sequence: request.sequence,
                operation: request.operation,
                joined: isJoined,
                worker: spool.wake()
            )
            if self.json {
                StandardStream.output.write(JSONText.line(report) + "\n")
                return
            }
            let what = isJoined ? "joined with request" : "request"
            StandardStream.output.write(
                "\(what) \(report.sequence): \(report.operation.printable)\n"
            )
            if !report.worker {
                StandardStream.error.write(
                    "rolling-lock: no worker runs, so no place in the queue is taken yet; start "
                        + "rolling-lock worker\n"
                )
            }
        }
    }

    private func argument() throws -> [UInt8]? {
        try self.argumentFile.map {
            try ReadableFile.bytes(
                of: $0,
                called: "the argument file",
                limit: Spool.maximumArgument
            )
        }
    }
}
