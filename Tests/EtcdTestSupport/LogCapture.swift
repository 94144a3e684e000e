// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

package import Logging
import Synchronization

/// Keeps what is logged, for tests to look at.
package final class LogCapture: Sendable {
    private struct Entry {
        let level: Logger.Level
        let message: String
    }

    private let entries = Mutex<[Entry]>([])

    package init() {}

    /// A logger that logs into this.
    package var logger: Logger {
        Logger(label: "captured") { _ in Handler(capture: self) }
    }

    /// The messages logged so far with this level or a higher one, metadata appended.
    package func messages(atLeast level: Logger.Level = .trace) -> [String] {
        self.entries.withLock { entries in
            entries.filter { $0.level >= level }.map(\.message)
        }
    }

    private struct Handler: LogHandler {
        let capture: LogCapture
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
            let list = metadata.map { " \($0.key)=\($0.value)" }.sorted().joined()
            self.capture.entries.withLock { entries in
                entries.append(Entry(level: event.level, message: "\(event.message)\(list)"))
            }
        }
    }
}
