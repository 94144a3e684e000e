// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What can stand where etcd takes a key or a value.
///
/// `String`, `Substring`, `[UInt8]`, `ArraySlice<UInt8>` and ``EtcdBytes`` conform. Conform your
/// own key type to use it in calls directly.
public protocol EtcdBytesConvertible: Sendable {
    /// The bytes to send.
    var etcdBytes: EtcdBytes { get }
}

extension EtcdBytes: EtcdBytesConvertible {
    /// The value itself.
    public var etcdBytes: EtcdBytes { self }
}

extension String: EtcdBytesConvertible {
    /// The string's UTF-8 form.
    public var etcdBytes: EtcdBytes { EtcdBytes(self) }
}

extension Substring: EtcdBytesConvertible {
    /// The substring's UTF-8 form.
    public var etcdBytes: EtcdBytes { EtcdBytes(self.utf8) }
}

extension Array: EtcdBytesConvertible where Element == UInt8 {
    /// The bytes of the array.
    public var etcdBytes: EtcdBytes { EtcdBytes(adopting: self) }
}

extension ArraySlice: EtcdBytesConvertible where Element == UInt8 {
    /// The bytes of the slice.
    public var etcdBytes: EtcdBytes { EtcdBytes(self) }
}
