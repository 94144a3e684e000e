// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Synchronization

/// Prints events on standard error, in order, by a task of its own: a reader that does not read
/// must not hold the lock up.
final class EventReporter: Sendable {
    enum Style: Sendable {
        case text(verbose: Bool)
        case alarms
        case json
    }

    private let lock: String
    private let unit: String
    private let continuation: AsyncStream<LockEvent>.Continuation
    private let printing: Task<Void, Never>

    init(style: Style, lock: String, unit: String) {
        self.lock = lock
        self.unit = unit
        let (stream, continuation) = AsyncStream.makeStream(of: LockEvent.self)
        self.continuation = continuation
        // Unstructured, because it accompanies this object; finish() waits for its end.
        self.printing = Task {
            for await event in stream {
                guard let line = Self.line(for: event, style: style) else { continue }
                StandardStream.error.write(line + "\n")
            }
        }
    }

    /// Prints an event, which carries the moment at which it was made.
    func report(_ kind: LockEvent.Kind, _ fill: (inout LockEvent) -> Void = { _ in }) {
        var event = LockEvent(kind)
        event.lock = self.lock
        event.unit = self.unit
        fill(&event)
        self.continuation.yield(event)
    }

    /// Returns when everything is printed.
    ///
    /// Nothing is printed after it.
    func finish() async {
        self.continuation.finish()
        await self.printing.value
    }

    private static func line(for event: LockEvent, style: Style) -> String? {
        switch style {
        case .json:
            return JSONText.line(event)
        case .alarms:
            return event.isAlarm ? event.text(verbose: false).map { "rolling-lock: \($0)" } : nil
        case .text(let verbose):
            return event.text(verbose: verbose).map { "rolling-lock: \($0)" }
        }
    }
}
