// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `rolling-lock cluster-id`: identifiers for clusters.
struct ClusterIDCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster-id",
        abstract: "Makes identifiers for clusters.",
        discussion: """
            EXAMPLES:
              rolling-lock cluster-id new

            EXIT STATUS:
              0   made     64  wrong arguments
            """,
        subcommands: [ClusterIDNewCommand.self]
    )
}

/// `rolling-lock cluster-id new`: a random one.
struct ClusterIDNewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Prints a random identifier of 128 bits.",
        discussion: """
            Clusters that were named without asking each other do not meet under such an \
            identifier, and nobody guesses it. It is no secret all the same: it stands in keys, \
            logs and command lines, and etcd's grant decides who may use it.

            EXAMPLES:
              rolling-lock cluster-id new
              rolling-lock cluster-id new --json | jq -r .cluster_id

            EXIT STATUS:
              0   made     64  wrong arguments
            """
    )

    @Flag(help: "Print JSON.")
    var json = false

    private struct Report: Encodable {
        var clusterID: String

        private enum CodingKeys: String, CodingKey {
            case clusterID = "cluster_id"
        }
    }

    func run() {
        let identifier = RandomIdentifier.make()
        StandardStream.output.write(
            (self.json ? JSONText.line(Report(clusterID: identifier)) : identifier) + "\n"
        )
    }
}

/// Names that nobody else has.
enum RandomIdentifier {
    /// 128 bits from the system's source of randomness, as 32 hexadecimal digits.
    static func make() -> String {
        let number = UInt128.random(in: .min ... .max)
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }
}
