// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import FoundationEssentials
import RollingLock

/// `rolling-lock verify`: whether a hold still stands.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Says whether the ticket with a fencing token still holds the lock.",
        discussion: """
            Asks etcd for its latest state. For a script under rolling-lock run that is about to \
            take a step which cannot be taken back.

            EXAMPLES:
              rolling-lock verify --cluster-id blue
              rolling-lock verify --cluster-id blue --token 4711

            EXIT STATUS:
              0   it holds the lock
              64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
              79  it does not hold the lock (any more, or not yet)
            """
    )

    @Option(
        help: ArgumentHelp(
            "The fencing token (default: $ROLLING_LOCK_FENCING_TOKEN).",
            valueName: "number"
        )
    )
    var token: Int64?

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        var lock: String
        var holds: Bool
        var fencingToken: Int64
        var revision: Int64

        private enum CodingKeys: String, CodingKey {
            case lock, holds, revision
            case fencingToken = "fencing_token"
        }
    }

    func run() async throws {
        let variable = ProcessInfo.processInfo.environment["ROLLING_LOCK_FENCING_TOKEN"]
        guard let token = self.token ?? variable.flatMap({ Int64($0) }) else {
            throw ToolFailure.usage("no fencing token; say --token <number>").reported()
        }
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            let queue = try await lock.queue()
            let holds = queue.holders.contains { $0.createRevision.rawValue == token }
            if self.json {
                let report = Report(
                    lock: self.lockOptions.lock,
                    holds: holds,
                    fencingToken: token,
                    revision: queue.revision.rawValue
                )
                StandardStream.output.write(JSONText.line(report) + "\n")
            }
            guard holds else {
                throw ToolFailure(
                    status: ExitStatus.lost,
                    message: "the ticket \(token) does not hold lock \(self.lockOptions.lock)"
                )
            }
        }
    }
}
