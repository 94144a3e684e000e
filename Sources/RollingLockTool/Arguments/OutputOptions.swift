// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Logging

/// What is told on standard error.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Tell what happens as JSON, one object a line.")
    var json = false

    @Flag(name: .shortAndLong, help: "Tell failures only.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Tell more, and log what the client does.")
    var verbose = false

    func validate() throws {
        guard [self.json, self.quiet, self.verbose].count(where: { $0 }) <= 1 else {
            throw ValidationError("Only one of --json, --quiet and --verbose can be given.")
        }
    }

    var style: EventReporter.Style {
        self.json ? .json : self.quiet ? .alarms : .text(verbose: self.verbose)
    }

    /// Sends the libraries' log to standard error, or nowhere.
    func bootstrapLogging() {
        if self.verbose {
            LoggingSystem.bootstrap { label in
                var handler = StreamLogHandler.standardError(label: label)
                handler.logLevel = .debug
                return handler
            }
        } else {
            LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        }
    }
}
