// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials

/// JSON on one line, with keys in a fixed order.
enum JSONText {
    static func line(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Numbers and texts only, which always encode.
        guard let data = try? encoder.encode(value) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
