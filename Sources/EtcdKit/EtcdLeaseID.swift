// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The name of a lease.
public struct EtcdLeaseID: RawRepresentable, Hashable, Sendable {
    /// The number on the wire; 0 means "no lease" there and is never a lease's name.
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
}

extension EtcdLeaseID: CustomStringConvertible {
    /// The name in hexadecimal, as etcdctl prints it.
    public var description: String {
        String(UInt64(bitPattern: self.rawValue), radix: 16)
    }
}
