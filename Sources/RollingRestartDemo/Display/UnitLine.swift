// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl

/// One unit on the live view: its service, and where it stands in the queue.
struct UnitLine {
    let unit: String
    let chronicle: Chronicle

    var text: String { "  \(self.unit)   \(self.service)   \(self.lock)" }

    private var service: String {
        guard let last = self.chronicle.observers[self.unit]?.last else { return "  not started" }
        let isUp = last.event != "down"
        return isUp ? "\u{1B}[32m● healthy\u{1B}[0m" : "\u{1B}[31m○ down   \u{1B}[0m"
    }

    private var lock: String {
        let requests = self.chronicle.requests.indices
            .filter { self.chronicle.requests[$0].unit == self.unit }
        let texts = requests.compactMap(self.text(ofRequest:))
        if !texts.isEmpty { return texts.joined(separator: "; ") }
        let isDone = requests.contains { self.chronicle.requests[$0].status == 0 }
        return isDone ? "restarted" : ""
    }

    /// What there is to say of a request that still matters.
    private func text(ofRequest index: Int) -> String? {
        let request = self.chronicle.requests[index]
        let now = BootClock.nanoseconds
        let place = self.chronicle.place(ofRequest: index)
        if let death = request.death {
            guard place != nil else { return nil }
            let since = Milliseconds.text(from: death.time, to: now)
            return death.kind == .whileHolding
                ? "\u{1B}[31mdied holding the lock \(since) ago, its lease is running out\u{1B}[0m"
                : "killed while waiting, its ticket ends with its lease"
        }
        guard let place else { return nil }
        if let granted = request.granted {
            return "\u{1B}[1mholds the lock for "
                + "\(Milliseconds.text(from: granted.time, to: now))\u{1B}[0m"
        }
        return "waits at place \(place) for \(Milliseconds.text(from: request.asked, to: now))"
    }
}
