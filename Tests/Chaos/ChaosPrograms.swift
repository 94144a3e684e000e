// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Logging
import ProcessControl
import Synchronization

/// The programs behind `make chaos` and `make chaos-lock`.
@main
struct ChaosPrograms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Chaos",
        abstract: "Uses a throw-away etcd cluster under random faults, and judges what was seen.",
        subcommands: [ChaosCommand.self, LockChaosCommand.self],
        defaultSubcommand: ChaosCommand.self
    )
}

/// What a run came to.
protocol Verdict: Encodable, Sendable {
    /// For people.
    var text: String { get }
    var hasViolations: Bool { get }
    /// The servers are wrong: nothing else that was found means anything.
    var hasDisagreement: Bool { get }
}

extension Output {
    /// Runs to the end or until a signal comes, shows what it came to, and ends with its status.
    func judge(_ run: @escaping @Sendable () async throws -> some Verdict) async throws {
        _ = signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let endedBy = Mutex<Int32?>(nil)
        let inbox = SignalInbox([SIGINT, SIGTERM, SIGHUP])
        let running = Task { try await run() }
        let listening = Task {
            for await signal in inbox.signals {
                endedBy.withLock { $0 = $0 ?? signal }
                running.cancel()
            }
        }
        defer { listening.cancel() }
        let outcome = await running.result
        if let signal = endedBy.withLock({ $0 }) {
            self.tell("ended by signal \(signal), everything is cleared away")
            throw ExitCode(128 + signal)
        }
        switch outcome {
        case .success(let report):
            self.show(report)
            if report.hasDisagreement { throw ExitCode(3) }
            if report.hasViolations { throw ExitCode(1) }
        case .failure(let error):
            self.tell("chaos could not be run: \(error)")
            throw ExitCode(2)
        }
    }
}
