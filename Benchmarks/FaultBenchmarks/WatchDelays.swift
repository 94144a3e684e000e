// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// When the events of one client's watch came.
struct WatchDelays {
    /// The longest time from the end of a put to the arrival of its event.
    private(set) var worst: Double
    /// Events that never came, or came twice or out of order.
    private(set) var wrong: Int

    /// - Parameters:
    ///   - lines: what the client's program wrote.
    ///   - puts: when each put ended, in seconds since 1970; the number of a put is its value.
    ///   - servedAgain: when the member served again, for clients that have no other.
    init(_ lines: String, puts: [Int: Double], servedAgain: Double? = nil) {
        let events = lines.split(separator: "\n").compactMap { line -> (at: Double, put: Int)? in
            let words = line.split(separator: " ")
            guard words.count == 2, let time = Double(words[0]), let put = Int(words[1]) else {
                return nil
            }
            return (time / 1_000_000, put)
        }
        self.worst =
            events.map { event in
                event.at - max(puts[event.put] ?? event.at, servedAgain ?? 0)
            }.max() ?? .infinity
        let seen = events.map(\.put)
        let first = seen.first ?? 0
        let missing = Set(puts.keys.filter { $0 >= first }).subtracting(seen).count
        self.wrong = missing + zip(seen, seen.dropFirst()).filter { $0 >= $1 }.count
    }
}
