// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What became of the puts of one client.
struct PutOutcomes {
    /// The longest time between two puts that succeeded, one after the other, since the fault.
    private(set) var worstGap: Double
    private(set) var succeeded = 0
    private(set) var ambiguous = 0
    private(set) var failed = 0

    /// - Parameters:
    ///   - lines: what the client's program wrote.
    ///   - fault: when the fault began, in seconds since 1970.
    ///   - end: when it ended.
    init(_ lines: String, fault: Double, end: Double) {
        var successes: [Double] = []
        for line in lines.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 3, let time = Double(words[1]) else { continue }
            switch words[2] {
            case "ok":
                self.succeeded += 1
                successes.append(time / 1_000_000)
            case "ambiguous": self.ambiguous += 1
            default: self.failed += 1
            }
        }
        // What is mended by the end of the fault was not mended by the client.
        let before = successes.filter { $0 <= fault }.max() ?? fault
        let during = successes.filter { $0 > fault && $0 < end }.sorted()
        let times = [before] + during + [end]
        self.worstGap = zip(times, times.dropFirst()).map { $1 - $0 }.max() ?? 0
    }
}
