// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The name that etcd gave a member when it was added; no other member ever gets it.
public struct EtcdMemberID: RawRepresentable, Hashable, Sendable {
    /// The number on the wire; 0 is no member's.
    public var rawValue: UInt64

    /// Wraps a number.
    ///
    /// - Parameter rawValue: the number on the wire.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// Wraps a number.
    ///
    /// - Parameter rawValue: the number on the wire.
    public init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }
}

extension EtcdMemberID: LosslessStringConvertible {
    /// Reads the name in hexadecimal, as etcdctl prints it.
    ///
    /// - Parameter description: one to sixteen hexadecimal digits.
    public init?(_ description: String) {
        guard description.utf8.first != UInt8(ascii: "+"),
            let number = UInt64(description, radix: 16)
        else { return nil }
        self.rawValue = number
    }

    /// The name in hexadecimal, as etcdctl prints it.
    public var description: String {
        String(self.rawValue, radix: 16)
    }
}

extension EtcdMemberID {
    func checked() throws(EtcdError) -> UInt64 {
        guard self.rawValue != 0 else {
            throw EtcdError(code: .invalidArgument, message: "0 is not the ID of a member")
        }
        return self.rawValue
    }
}
