// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import EtcdKit
import RollingLock

/// `rolling-lock history`: what was done under the lock and to it.
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Shows what was done under the lock and to it, the latest first.",
        discussion: """
            Commands and operations that ended (done, failed), evictions, cancellations, freezes and \
            thaws leave records; each unit keeps the last 16 that it wrote. TIME goes by the wall \
            clock of the unit in BY.

            EXAMPLES:
              rolling-lock history --cluster-id blue
              rolling-lock history --cluster-id blue --json | jq '.records[0]'

            EXIT STATUS:
              0   shown                64  wrong arguments      69  etcd is unavailable
              77  denied               78  a connection setting or file is unusable
            """
    )

    @Option(help: ArgumentHelp("How many to show at most.", valueName: "count"))
    var limit = 50

    @OptionGroup(title: "Lock") var lockOptions: LockOptions
    @OptionGroup(title: "Connection") var connection: ConnectionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard (1...1000).contains(self.limit) else {
            throw ValidationError("--limit must be between 1 and 1000.")
        }
    }

    func run() async throws {
        try await OperatorSession.run(self.lockOptions, self.connection) { lock in
            let report = HistoryReport(
                lock: self.lockOptions.lock,
                try await lock.history(limit: self.limit)
            )
            StandardStream.output.write(self.json ? JSONText.line(report) + "\n" : report.table)
        }
    }
}

/// A history as it is shown.
struct HistoryReport: Encodable {
    struct Record: Encodable {
        var event: String
        var by: String
        var unit: String?
        var fencingToken: Int64?
        var time: String?
        var reason: String?
        var status: Int?
        var heldSeconds: Double?
        var revision: Int64

        private enum CodingKeys: String, CodingKey {
            case event, by, unit, time, reason, status, revision
            case heldSeconds = "held_s"
            case fencingToken = "fencing_token"
        }
    }

    var lock: String
    var records: [Record]

    init(lock: String, _ records: [RollingLockRecord]) {
        self.lock = lock
        self.records = records.map {
            Record(
                event: $0.event?.rawValue ?? "unknown",
                by: $0.writer,
                unit: $0.unit,
                fencingToken: $0.createRevision?.rawValue,
                time: $0.at.map { "\($0)" },
                reason: $0.reason,
                status: $0.status,
                heldSeconds: $0.held.map { $0 / .seconds(1) },
                revision: $0.revision.rawValue
            )
        }
    }

    var table: String {
        guard !self.records.isEmpty else {
            return "nothing is recorded of lock \(self.lock.printable)\n"
        }
        let header = ["TIME", "EVENT", "UNIT", "TOKEN", "HELD", "BY", "REASON"]
        let rows = self.records.map { record in
            [
                record.time ?? "-", record.event, record.unit?.printable ?? "-",
                record.fencingToken.map { "\($0)" } ?? "-",
                record.heldSeconds.map { DurationText.format(.seconds($0)) } ?? "-",
                record.by.printable,
                record.reason?.printable ?? "-",
            ]
        }
        return TextTable.lines([header] + rows).map { $0 + "\n" }.joined()
    }
}
