// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What a figure has to reach.
package enum Bound: Sendable {
    case atLeast(Double)
    case atMost(Double)

    /// The figure's line in the list of figures: its names, its value, the bound and the verdict.
    package func line(_ name: String, against peer: String, value: Double) -> String {
        let (target, isMet) =
            switch self {
            case .atLeast(let bound): ("at least \(bound)", value >= bound)
            case .atMost(let bound): ("at most \(bound)", value <= bound)
            }
        let columns = [
            (name, 28), ("/ " + peer, 16), (String(format: "%.3f", value), 9), (target, 14),
            (isMet ? "met" : "missed", 6),
        ]
        return columns.map { field, width in
            field + String(repeating: " ", count: max(0, width - field.count))
        }.joined(separator: " ")
    }
}
