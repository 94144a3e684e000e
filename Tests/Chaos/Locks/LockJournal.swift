// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import Foundation
import ProcessControl

/// Everything that was said and done in a run, by the clock, for people who look into it.
struct LockJournal {
    private var entries: [(time: ContinuousClock.Instant, text: String)] = []

    init(_ log: LockLogServer, _ faults: FaultJournal, _ recorder: StoreRecorder) {
        for (line, (event, time)) in zip(log.log, log.times).enumerated() {
            let who = event.who?.description ?? "-"
            self.entries.append((time, "\(line) \(who) \(event.kind.line ?? "\(event.kind)")"))
        }
        for entry in faults.entries {
            self.entries.append((entry.began, "begin \(entry)"))
            if let ended = entry.ended { self.entries.append((ended, "end \(entry)")) }
        }
        self.entries += recorder.changes
        self.entries.sort { $0.time < $1.time }
    }

    func write(to path: String) {
        guard let begin = self.entries.first?.time else { return }
        var text = ""
        for entry in self.entries {
            let milliseconds = Int((entry.time - begin).inSeconds * 1000)
            text += "\(Double(milliseconds) / 1000) \(entry.text)\n"
        }
        _ = FileManager.default.createFile(atPath: path, contents: Data(text.utf8))
    }
}
