// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc
import ProcessControl
import Synchronization

/// The units on a terminal, redrawn in place.
final class LiveView: Sendable {
    private static let storyLines = 8

    private let linesDrawn = Mutex(0)

    /// Redraws until cancelled, and once more then.
    func show(_ chronicle: SharedChronicle) async {
        // Long lines are cut, not wrapped: the number of lines on the screen must be known.
        Screen.write("\u{1B}[?7l\u{1B}[?25l")
        while !Task.isCancelled {
            self.draw(chronicle.now)
            try? await Task.sleep(for: .milliseconds(100))
        }
        self.draw(chronicle.now)
        Screen.write("\u{1B}[?7h\u{1B}[?25h")
    }

    private func draw(_ chronicle: Chronicle) {
        let lines =
            ["Rolling restart of five units, one lock in etcd", ""]
            + Demonstration.units.map { UnitLine(unit: $0, chronicle: chronicle).text }
            + [""]
            + chronicle.story.suffix(Self.storyLines).map {
                StoryLine.text(after: $0.time - chronicle.begin, $0.text)
            }
        self.linesDrawn.withLock { drawn in
            let up = drawn > 0 ? "\u{1B}[\(drawn)F" : ""
            Screen.write(up + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J")
            drawn = lines.count
        }
    }
}

/// An event of the story as a line.
enum StoryLine {
    static func text(after nanoseconds: Int64, _ text: String) -> String {
        let seconds = Milliseconds.rounded(Double(nanoseconds) / 1e9, 2)
        let padding = String(repeating: " ", count: max(0, 6 - seconds.count))
        return "\(padding)\(seconds) s  \(text)"
    }
}

/// Standard output.
enum Screen {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    static func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(STDOUT_FILENO, buffer.baseAddress, buffer.count)
            }
            // Nobody looks any more; the demo goes on and clears up.
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
