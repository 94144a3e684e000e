// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import ProcessControl

/// Durations as people and etcdctl write them: `30s`, `5m`, `1m30s`, `250ms`, `1.5h`.
package enum DurationText {
    private static let units: [(suffix: String, duration: Duration)] = [
        // Longer suffixes first, so that `ms` is not read as minutes.
        ("ms", .milliseconds(1)), ("us", .microseconds(1)), ("ns", .nanoseconds(1)),
        ("h", .seconds(3600)), ("m", .seconds(60)), ("s", .seconds(1)),
    ]

    /// The duration, or nil when the text is none.
    package static func parse(_ text: String) -> Duration? {
        if text == "0" { return .zero }
        var rest = Substring(text)
        var total = Duration.zero
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            rest = rest.dropFirst(number.count)
            guard
                let value = Double(number), value.isFinite,
                let unit = units.first(where: { rest.hasPrefix($0.suffix) })
            else { return nil }
            rest = rest.dropFirst(unit.suffix.count)
            // Far below what Duration holds, and far above what anybody waits.
            guard value * unit.duration.inSeconds < 1e9 else { return nil }
            total += unit.duration * value
        }
        return total
    }

    /// The duration for a reader: `350ms`, `4.2s`, `3m05s`, `2h10m`.
    package static func format(_ duration: Duration) -> String {
        let seconds = max(0, duration.inSeconds)
        if seconds < 1 { return "\(Int((seconds * 1000).rounded()))ms" }
        let tenths = Int((seconds * 10).rounded())
        if tenths < 600 && duration == .seconds(tenths / 10) { return "\(tenths / 10)s" }
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10)s" }
        let whole = Int(seconds.rounded())
        if whole < 3600 { return "\(whole / 60)m\(twoDigits(whole % 60))s" }
        return "\(whole / 3600)h\(twoDigits(whole / 60 % 60))m"
    }

    private static func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
