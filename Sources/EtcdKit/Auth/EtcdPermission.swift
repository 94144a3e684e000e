// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a role may do with the keys of a range.
///
/// ```swift
/// EtcdPermission(.read, .key("config"))           // one key
/// EtcdPermission(.readWrite, .prefix("app/"))     // all keys that begin with app/
/// EtcdPermission(.write, .range("a", "c"))        // a up to, not including, c
/// EtcdPermission(.read, .all)                     // everything
/// ```
public struct EtcdPermission: Sendable, Hashable {
    /// What is allowed.
    public struct Access: Sendable, Hashable, CustomStringConvertible {
        /// The number on the wire.
        let rawValue: Int32

        /// To read and to watch.
        public static let read = Access(rawValue: 0)

        /// To put and to delete.
        ///
        /// Asking for the previous value needs the right to read as well.
        public static let write = Access(rawValue: 1)

        /// Both.
        public static let readWrite = Access(rawValue: 2)

        /// The name of the access, such as `readWrite`.
        public var description: String {
            switch self {
            case .read: "read"
            case .write: "write"
            case .readWrite: "readWrite"
            default: "access \(self.rawValue)"
            }
        }
    }

    /// What is allowed.
    public var access: Access

    /// The keys concerned.
    public var range: EtcdKeyRange

    /// Makes a permission.
    ///
    /// - Parameters:
    ///   - access: What is allowed.
    ///   - range: The keys concerned.
    public init(_ access: Access, _ range: EtcdKeyRange) {
        self.access = access
        self.range = range
    }
}
