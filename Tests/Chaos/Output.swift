// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation
import ProcessControl

/// Writes progress and the report.
struct Output: Sendable {
    let isJSON: Bool
    private let begin = BootClock.nanoseconds

    init(isJSON: Bool) { self.isJSON = isJSON }

    /// A line for people, with the time since the beginning.
    func tell(_ text: String) {
        let seconds = (BootClock.nanoseconds - self.begin) / 1_000_000_000
        let file: FileHandle = self.isJSON ? .standardError : .standardOutput
        file.write(Data("\(seconds) s  \(text)\n".utf8))
    }

    func show(_ report: some Verdict) {
        if self.isJSON {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            guard let data = try? encoder.encode(report) else { return }
            FileHandle.standardOutput.write(data + Data("\n".utf8))
        } else {
            FileHandle.standardOutput.write(Data(report.text.utf8))
        }
    }
}
