// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Keeps account, per key, of operations that leave nothing but a count: acknowledged <= applied <=
/// acknowledged + ambiguous.
package struct CountLedger: Sendable {
    private struct Count {
        var acknowledged = 0
        var ambiguous = 0
    }

    private var counts: [String: Count] = [:]

    package init() {}

    package mutating func acknowledged(_ key: String) {
        self.counts[key, default: .init()].acknowledged += 1
    }

    package mutating func ambiguous(_ key: String) {
        self.counts[key, default: .init()].ambiguous += 1
    }

    package var keys: [String] { self.counts.keys.sorted() }

    /// Compares with how often the operation was done to a key.
    package func check(_ key: String, applied: Int) -> [Violation] {
        let count = self.counts[key, default: .init()]
        let text =
            "\(key): applied \(applied), acknowledged \(count.acknowledged), "
            + "ambiguous \(count.ambiguous)"
        if applied < count.acknowledged { return [.init(.writeLost, text)] }
        if applied > count.acknowledged + count.ambiguous { return [.init(.writeTwice, text)] }
        return []
    }
}
