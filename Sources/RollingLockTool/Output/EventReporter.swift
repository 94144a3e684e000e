// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Dispatch

/// Prints events on standard error, in order, on a thread of its own: a reader that does not read
/// must not hold the lock up.
final class EventReporter: Sendable {
    enum Style: Sendable {
        case text(verbose: Bool)
        case alarms
        case json
    }

    private let lock: String
    private let unit: String
    private let style: Style
    private let queue = DispatchQueue(label: "rolling-lock.events")

    init(style: Style, lock: String, unit: String) {
        self.style = style
        self.lock = lock
        self.unit = unit
    }

    /// Prints an event, which carries the moment at which it was made.
    func report(_ kind: LockEvent.Kind, _ fill: (inout LockEvent) -> Void = { _ in }) {
        var event = LockEvent(kind)
        event.lock = self.lock
        event.unit = self.unit
        fill(&event)
        guard let line = Self.line(for: event, style: self.style) else { return }
        self.queue.async { StandardStream.error.write(line + "\n") }
    }

    /// Returns when everything is printed.
    func finish() async {
        await withCheckedContinuation { continuation in
            self.queue.async { continuation.resume() }
        }
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
