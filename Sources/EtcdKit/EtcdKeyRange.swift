// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A set of neighbouring keys: one key, a prefix, an interval, or everything.
///
/// ```swift
/// try await client.range(.prefix("jobs/"))
/// try await client.delete(.range("a", "c"))      // a up to, not including, c
/// ```
public struct EtcdKeyRange: Sendable, Hashable {
    /// The first key, as it goes on the wire.
    let start: [UInt8]

    /// The end as it goes on the wire: empty = `start` only, one zero byte = no upper bound.
    let wireEnd: [UInt8]

    /// Whether the end given lies before the start given, which nobody means.
    let isInverted: Bool

    private init(start: [UInt8], wireEnd: [UInt8], isInverted: Bool = false) {
        self.start = start
        self.wireEnd = wireEnd
        self.isInverted = isInverted
    }

    /// A range as etcd names it.
    init(wireStart: [UInt8], wireEnd: [UInt8]) {
        self.init(start: wireStart, wireEnd: wireEnd)
    }

    /// Exactly one key.
    ///
    /// - Parameter key: the key; etcd has no empty keys, so calls refuse one.
    /// - Returns: the range that holds only that key.
    public static func key(_ key: some EtcdBytesConvertible) -> EtcdKeyRange {
        EtcdKeyRange(start: key.etcdBytes.bytes, wireEnd: [])
    }

    /// All keys that begin with a prefix.
    ///
    /// - Parameter prefix: the prefix; an empty one stands for all keys.
    /// - Returns: the range of these keys.
    public static func prefix(_ prefix: some EtcdBytesConvertible) -> EtcdKeyRange {
        var end = prefix.etcdBytes.bytes
        guard !end.isEmpty else { return .all }
        let start = end
        // The first key behind the prefix: drop trailing 0xff, then count up the last byte.
        while let last = end.last {
            if last < 0xff {
                end[end.count - 1] = last + 1
                return EtcdKeyRange(start: start, wireEnd: end)
            }
            end.removeLast()
        }
        return EtcdKeyRange(start: start, wireEnd: [0])
    }

    /// All keys from one up to, but not including, another.
    ///
    /// A range that ends where it starts holds no keys. Calls refuse one that ends before it starts,
    /// an empty end included: see ``from(_:)`` for all keys from one on.
    ///
    /// - Parameters:
    ///   - from: the first key; empty stands for the very first one.
    ///   - to: the key behind the last one.
    /// - Returns: the range of these keys.
    public static func range(
        _ from: some EtcdBytesConvertible,
        _ to: some EtcdBytesConvertible
    ) -> EtcdKeyRange {
        var start = from.etcdBytes.bytes
        if start.isEmpty { start = [0] }
        let end = to.etcdBytes.bytes
        guard start.lexicographicallyPrecedes(end) else {
            // Holds nothing. On the wire an empty end would mean "this key" and a zero byte
            // "without end", so say it in a way that etcd cannot misunderstand.
            let empty = start == [0] ? [1] : start
            return EtcdKeyRange(
                start: empty,
                wireEnd: empty,
                isInverted: end.lexicographicallyPrecedes(from.etcdBytes.bytes)
            )
        }
        return EtcdKeyRange(start: start, wireEnd: end)
    }

    /// All keys from one on.
    ///
    /// - Parameter key: the first key; an empty one stands for all keys.
    /// - Returns: the range of these keys.
    public static func from(_ key: some EtcdBytesConvertible) -> EtcdKeyRange {
        let start = key.etcdBytes.bytes
        return EtcdKeyRange(start: start.isEmpty ? [0] : start, wireEnd: [0])
    }

    /// All keys of the cluster.
    public static var all: EtcdKeyRange {
        EtcdKeyRange(start: [0], wireEnd: [0])
    }

    /// True when the range was made for exactly one key.
    public var isSingleKey: Bool {
        self.wireEnd.isEmpty
    }

    /// True when no key can be in the range.
    public var isEmpty: Bool {
        self.start.isEmpty || self.start == self.wireEnd && self.wireEnd != [0]
    }

    /// Tells whether a key is in the range.
    ///
    /// - Parameter key: the key to look for.
    /// - Returns: true when the range holds it.
    public func contains(_ key: some EtcdBytesConvertible) -> Bool {
        let key = key.etcdBytes.bytes
        if self.isSingleKey { return key == self.start }
        guard !key.isEmpty, !key.lexicographicallyPrecedes(self.start) else { return false }
        return self.wireEnd == [0] || key.lexicographicallyPrecedes(self.wireEnd)
    }
}

extension EtcdKeyRange: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kind of range, without its keys.
    public var description: String {
        if self.isSingleKey { return "<one key>" }
        if self.isEmpty { return "<no keys>" }
        if self.wireEnd == [0] { return self.start == [0] ? "<all keys>" : "<keys from one on>" }
        return "<key range>"
    }

    /// The same as ``description``.
    public var debugDescription: String {
        self.description
    }

    /// A mirror without children, so that a dump shows no keys.
    public var customMirror: Mirror {
        Mirror(self, children: [])
    }
}
