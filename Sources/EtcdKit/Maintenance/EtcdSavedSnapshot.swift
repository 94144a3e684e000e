// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// How far the saving of a snapshot is.
public struct EtcdSnapshotProgress: Sendable, Hashable {
    /// How many bytes have been written.
    public var writtenBytes: UInt64

    /// How many there will be, the digest of 32 bytes included.
    public var totalBytes: UInt64
}

/// A snapshot that was saved.
public struct EtcdSavedSnapshot: Sendable, Hashable {
    /// The size of the file in bytes, the digest of 32 bytes included.
    public var size: UInt64

    /// The endpoint of the member it was taken of.
    public var endpoint: String

    /// The version of the member's program, or nil from one that does not tell.
    ///
    /// etcd 3.6 or newer.
    public var serverVersion: String?
}
