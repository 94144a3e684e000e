// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The keys that begin with a prefix, under the names that they have without it.
///
/// Works on keys as they go on the wire: an end of no bytes stands for a single key, one of a zero
/// byte for no upper bound.
struct KeyNamespace: Sendable, Hashable {
    /// What all keys begin with; not empty.
    let prefix: [UInt8]

    /// The first key behind the namespace, or a zero byte if there is none.
    let end: [UInt8]

    /// Nil for an empty prefix, which changes nothing.
    init?(prefix: [UInt8]) {
        guard !prefix.isEmpty else { return nil }
        self.prefix = prefix
        self.end = EtcdKeyRange.prefix(prefix).wireEnd
    }

    /// Turns a name inside into the key in the cluster.
    func enter(_ key: inout [UInt8]) {
        key.insert(contentsOf: self.prefix, at: 0)
    }

    /// Turns a range of names inside into the range of keys in the cluster.
    func enter(_ key: inout [UInt8], _ rangeEnd: inout [UInt8]) {
        self.enter(&key)
        if rangeEnd == [0] {
            rangeEnd = self.end
        } else if !rangeEnd.isEmpty {
            self.enter(&rangeEnd)
        }
    }

    /// Whether a key of the cluster has a name inside.
    ///
    /// The prefix itself has none, as etcd has no empty keys.
    func contains(_ key: [UInt8]) -> Bool {
        key.count > self.prefix.count && key.starts(with: self.prefix)
    }

    /// Turns a key in the cluster into its name inside.
    func leave(_ key: inout [UInt8]) throws(EtcdError) {
        guard self.contains(key) else {
            throw EtcdError(
                code: .malformedResponse,
                message: "the server answered with a key outside the namespace asked for"
            )
        }
        key.removeFirst(self.prefix.count)
    }
}
