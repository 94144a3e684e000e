// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A key or a value: any sequence of bytes.
///
/// etcd gives bytes no meaning, so neither does this type. Make one from a string, a string
/// literal, or any sequence of bytes; read it back with ``bytes`` or ``string``. Values compare
/// byte by byte, which is the order in which etcd sorts keys.
///
/// The description tells the length only, so that a key or a value never ends up in a log or in
/// an error by accident.
public struct EtcdBytes: Sendable, Hashable {
    /// The bytes themselves.
    public var bytes: [UInt8]

    /// Makes the value from its bytes.
    ///
    /// - Parameter bytes: the bytes, in order.
    public init(_ bytes: some Sequence<UInt8>) {
        self.bytes = [UInt8](bytes)
    }

    /// Makes the value from the UTF-8 form of a string.
    ///
    /// - Parameter string: any string; it may be empty.
    public init(_ string: String) {
        self.bytes = [UInt8](string.utf8)
    }

    init(adopting bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The text, or nil when the bytes are not valid UTF-8.
    public var string: String? {
        String(validating: self.bytes, as: UTF8.self)
    }

    /// The number of bytes.
    public var count: Int {
        self.bytes.count
    }

    /// True when there are no bytes.
    public var isEmpty: Bool {
        self.bytes.isEmpty
    }
}

extension EtcdBytes: Comparable {
    /// Orders byte by byte, as etcd sorts keys.
    ///
    /// - Parameters:
    ///   - lhs: one value.
    ///   - rhs: the other value.
    /// - Returns: true when `lhs` sorts before `rhs`.
    public static func < (lhs: EtcdBytes, rhs: EtcdBytes) -> Bool {
        lhs.bytes.lexicographicallyPrecedes(rhs.bytes)
    }
}

extension EtcdBytes: ExpressibleByStringLiteral {
    /// Makes the value from a string literal.
    ///
    /// - Parameter value: the literal; its UTF-8 form is taken.
    public init(stringLiteral value: String) {
        self.init(value)
    }
}

extension EtcdBytes: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The length, never the content: `<5 bytes>`.
    public var description: String {
        self.bytes.count == 1 ? "<1 byte>" : "<\(self.bytes.count) bytes>"
    }

    /// The same as ``description``.
    public var debugDescription: String {
        self.description
    }

    /// A mirror without children, so that a dump does not show the content.
    public var customMirror: Mirror {
        Mirror(self, children: [])
    }
}
