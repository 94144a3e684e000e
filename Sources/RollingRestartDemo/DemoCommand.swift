// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Glibc
import Logging
import ProcessControl
import Synchronization

/// The program behind `make demo`.
///
/// Its other subcommands are the processes that it starts.
@main
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "RollingRestartDemo",
        abstract: "Shows a rolling restart of five units on a throw-away etcd.",
        subcommands: [Play.self, UnitService.self, RestartUnit.self, Observe.self, Janitor.self],
        defaultSubcommand: Play.self
    )
}

/// Plays the demo; status 0 means that all promises were kept.
struct Play: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "play",
        abstract: "Plays the demo (the default).",
        discussion: """
            Live on a terminal, plain lines elsewhere. Ends with what was measured and whether \
            the promises were kept.

            EXIT STATUS:
              0      all promises kept       2      the demo could not be played
              1      a promise was broken    128+n  ended by signal n
            """
    )

    func run() async throws {
        _ = signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let isLive = Screen.isTerminal
        let chronicle = SharedChronicle { time, text in
            if !isLive { Screen.write(StoryLine.text(after: time, text) + "\n") }
        }
        let endedBy = Mutex<Int32?>(nil)
        let inbox = SignalInbox([SIGINT, SIGTERM, SIGHUP])
        let playing = Task { try await Demonstration(chronicle: chronicle).play() }
        let showing = Task { if isLive { await LiveView().show(chronicle) } }
        let listening = Task {
            for await signal in inbox.signals {
                endedBy.withLock { $0 = $0 ?? signal }
                playing.cancel()
            }
        }
        defer { listening.cancel() }
        let outcome = await playing.result
        showing.cancel()
        await showing.value
        switch outcome {
        case .success(let chronicle):
            if let signal = endedBy.withLock({ $0 }) { throw ExitCode(128 + signal) }
            guard Self.present(chronicle).isKept else { throw ExitCode(1) }
        case .failure(let error):
            if let signal = endedBy.withLock({ $0 }) {
                Screen.write("ended by signal \(signal), everything is cleared away\n")
                throw ExitCode(128 + signal)
            }
            Screen.write("the demo could not be played: \(error)\n")
            throw ExitCode(2)
        }
    }

    private static func present(_ chronicle: Chronicle) -> Verdict {
        let table = ResultTable(chronicle: chronicle)
        Screen.write("\n" + table.lines.map { $0 + "\n" }.joined() + "\n")
        let gaps = table.cleanGaps.sorted()
        if let last = gaps.last {
            Screen.write(
                "handoff gap (release to grant): median "
                    + "\(Milliseconds.text(gaps[gaps.count / 2])), longest "
                    + "\(Milliseconds.text(last))\n\n"
            )
        }
        let verdict = Verdict(chronicle)
        for finding in verdict.findings {
            Screen.write(
                "\(finding.isKept ? "kept  " : "BROKEN")  \(finding.promise)\n"
                    + "        \(finding.evidence)\n"
            )
        }
        Screen.write(
            verdict.isKept ? "\nAll promises kept.\n" : "\nA promise was BROKEN.\n"
        )
        return verdict
    }
}
