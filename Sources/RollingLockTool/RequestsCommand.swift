// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `rolling-lock requests`: what was asked for on this machine and is not done.
struct RequestsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "requests",
        abstract: "Shows what was asked for on this machine and is not done, or has failed.",
        discussion: """
            A failure is shown until it is forgotten or tried again; the last 100 are kept.

            EXAMPLES:
              rolling-lock requests --cluster-id blue
              rolling-lock requests --cluster-id blue --json | jq '.[] | select(.failure)'
              rolling-lock requests --cluster-id blue --retry 17

            EXIT STATUS:
              0   shown, done         64  wrong arguments
              66  there is no failure of that number
              78  the state folder is unusable
            """
    )

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "State") var state: StateOptions

    @Option(
        help: ArgumentHelp("Forget the failure of this number.", valueName: "number")
    )
    var forget: Int64?

    @Option(
        help: ArgumentHelp("Try the failure of this number again.", valueName: "number")
    )
    var retry: Int64?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard self.forget == nil || self.retry == nil else {
            throw ValidationError("Only one of --forget and --retry can be given.")
        }
    }

    func run() async throws {
        try SpoolAccess.run(self.lockOptions, self.state) { spool in
            if let number = self.forget ?? self.retry {
                let isDone =
                    try spool.exists
                    && (self.forget != nil
                        ? spool.forgetFailure(number) : spool.retryFailure(number))
                guard isDone else {
                    throw ToolFailure(
                        status: ExitStatus.nothingRecorded,
                        message: "there is no failed request \(number); rolling-lock requests "
                            + "shows them"
                    )
                }
                if self.retry != nil { spool.wake() }
                return
            }
            let requests = try spool.pending() + spool.failed()
            StandardStream.output.write(
                self.json ? JSONText.line(requests) + "\n" : Self.table(requests)
            )
        }
    }

    private static func table(_ requests: [SpoolRequest]) -> String {
        guard !requests.isEmpty else { return "nothing is asked for\n" }
        let header = ["NUMBER", "OPERATION", "STATE", "ATTEMPT", "STATUS", "SINCE", "WHY"]
        let rows = requests.map { request in
            [
                "\(request.sequence)", request.operation.printable, request.state,
                "\(request.attempt)", request.lastStatus.map { "\($0)" } ?? "-",
                request.requestedAt, request.failure?.printable ?? "-",
            ]
        }
        return TextTable.lines([header] + rows).map { $0 + "\n" }.joined()
    }
}

extension SpoolRequest {
    fileprivate var state: String {
        if self.failure != nil { return "failed" }
        if self.isRunning { return "runs" }
        return self.attempt > 0 ? "waits to be tried again" : "waits"
    }
}
