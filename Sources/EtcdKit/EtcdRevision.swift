// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A moment in the history of an etcd cluster.
///
/// Every change of the key space gets the next revision; all operations of one transaction share
/// one. Revisions of one cluster only grow, so they order events across all clients.
public struct EtcdRevision: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public var rawValue: Int64

    /// Wraps a number.
    ///
    /// - Parameter rawValue: the number on the wire.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Wraps a number.
    ///
    /// - Parameter rawValue: the number on the wire.
    public init(_ rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The revision after this one.
    public var next: EtcdRevision {
        EtcdRevision(self.rawValue &+ 1)
    }
}

extension EtcdRevision: Comparable {
    /// Orders by age.
    ///
    /// - Parameters:
    ///   - lhs: one revision.
    ///   - rhs: the other revision.
    /// - Returns: true when `lhs` is older.
    public static func < (lhs: EtcdRevision, rhs: EtcdRevision) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

extension EtcdRevision: ExpressibleByIntegerLiteral {
    /// Wraps an integer literal.
    ///
    /// - Parameter value: the number on the wire.
    public init(integerLiteral value: Int64) {
        self.rawValue = value
    }
}

extension EtcdRevision: CustomStringConvertible {
    /// The number in decimal.
    public var description: String {
        String(self.rawValue)
    }
}
