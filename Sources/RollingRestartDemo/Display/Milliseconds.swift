// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl

/// Durations for the demo's tables.
enum Milliseconds {
    /// `0.42 ms`, `12.3 ms`, `850 ms`, `3.42 s`.
    static func text(_ duration: Duration) -> String {
        let value = duration.inSeconds * 1000
        if value < 10 { return "\(Self.rounded(value, 2)) ms" }
        if value < 100 { return "\(Self.rounded(value, 1)) ms" }
        if value < 1000 { return "\(Int(value.rounded())) ms" }
        return "\(Self.rounded(value / 1000, 2)) s"
    }

    static func text(from begin: Int64, to end: Int64) -> String {
        Self.text(.nanoseconds(end - begin))
    }

    /// A number with a fixed count of decimals.
    static func rounded(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let number = Int((abs(value) * Double(scale)).rounded())
        let digits = String(number % scale)
        let padding = String(repeating: "0", count: max(0, decimals - digits.count))
        return (value < 0 ? "-" : "") + "\(number / scale)"
            + (decimals > 0 ? ".\(padding)\(digits)" : "")
    }
}
