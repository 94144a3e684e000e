// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A condition of a transaction.
///
/// ```swift
/// .createRevision(of: "lock", .equal, 0)         // there is no such key
/// .isAbsent("lock")                              // the same
/// .modRevision(of: "config", .equal, seen)       // nobody changed it since
/// .version(of: .prefix("jobs/"), .greater, 1)    // holds for each key of the prefix
/// ```
///
/// A condition on a range (etcd 3.3) holds when it holds for every key in it; for a range without
/// keys it is checked against a key whose revisions, version and lease are 0.
public struct EtcdCompare: Sendable, Hashable {
    /// How the stored value must relate to the one given.
    public enum Relation: Sendable, Hashable {
        /// Both are the same.
        case equal
        /// They differ.
        case notEqual
        /// The stored one is greater.
        case greater
        /// The stored one is less.
        case less
    }

    enum Operand: Sendable, Hashable {
        case version(Int64)
        case createRevision(EtcdRevision)
        case modRevision(EtcdRevision)
        case value(EtcdBytes)
        case lease(EtcdLeaseID?)
    }

    let range: EtcdKeyRange
    let relation: Relation
    let operand: Operand

    /// Compares the number of writes since the key came into being; 0 for a key that does not exist.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - relation: how the stored one must relate to the one given.
    ///   - version: the number to compare with.
    /// - Returns: the condition.
    public static func version(
        of key: some EtcdBytesConvertible,
        _ relation: Relation,
        _ version: Int64
    ) -> EtcdCompare {
        EtcdCompare(range: .key(key), relation: relation, operand: .version(version))
    }

    /// Compares the number of writes since the key came into being; 0 for a key that does not exist, for each key of a range.
    ///
    /// - Parameters:
    ///   - range: the keys.
    ///   - relation: how the stored one must relate to the one given.
    ///   - version: the number to compare with.
    /// - Returns: the condition.
    public static func version(
        of range: EtcdKeyRange,
        _ relation: Relation,
        _ version: Int64
    ) -> EtcdCompare {
        EtcdCompare(range: range, relation: relation, operand: .version(version))
    }

    /// Compares the revision at which the key came into being; 0 for a key that does not exist.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - relation: how the stored one must relate to the one given.
    ///   - revision: the revision to compare with.
    /// - Returns: the condition.
    public static func createRevision(
        of key: some EtcdBytesConvertible,
        _ relation: Relation,
        _ revision: EtcdRevision
    ) -> EtcdCompare {
        EtcdCompare(range: .key(key), relation: relation, operand: .createRevision(revision))
    }

    /// Compares the revision at which the key came into being; 0 for a key that does not exist, for each key of a range.
    ///
    /// - Parameters:
    ///   - range: the keys.
    ///   - relation: how the stored one must relate to the one given.
    ///   - revision: the revision to compare with.
    /// - Returns: the condition.
    public static func createRevision(
        of range: EtcdKeyRange,
        _ relation: Relation,
        _ revision: EtcdRevision
    ) -> EtcdCompare {
        EtcdCompare(range: range, relation: relation, operand: .createRevision(revision))
    }

    /// Compares the revision of the last change; 0 for a key that does not exist.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - relation: how the stored one must relate to the one given.
    ///   - revision: the revision to compare with.
    /// - Returns: the condition.
    public static func modRevision(
        of key: some EtcdBytesConvertible,
        _ relation: Relation,
        _ revision: EtcdRevision
    ) -> EtcdCompare {
        EtcdCompare(range: .key(key), relation: relation, operand: .modRevision(revision))
    }

    /// Compares the revision of the last change; 0 for a key that does not exist, for each key of a range.
    ///
    /// - Parameters:
    ///   - range: the keys.
    ///   - relation: how the stored one must relate to the one given.
    ///   - revision: the revision to compare with.
    /// - Returns: the condition.
    public static func modRevision(
        of range: EtcdKeyRange,
        _ relation: Relation,
        _ revision: EtcdRevision
    ) -> EtcdCompare {
        EtcdCompare(range: range, relation: relation, operand: .modRevision(revision))
    }

    /// Compares the value, byte by byte.
    ///
    /// For a key that does not exist this never holds.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - relation: how the stored one must relate to the one given.
    ///   - value: the value to compare with.
    /// - Returns: the condition.
    public static func value(
        of key: some EtcdBytesConvertible,
        _ relation: Relation,
        _ value: some EtcdBytesConvertible
    ) -> EtcdCompare {
        EtcdCompare(range: .key(key), relation: relation, operand: .value(value.etcdBytes))
    }

    /// Compares the value, byte by byte.
    ///
    /// For a key that does not exist this never holds, for each key of a range.
    ///
    /// - Parameters:
    ///   - range: the keys.
    ///   - relation: how the stored one must relate to the one given.
    ///   - value: the value to compare with.
    /// - Returns: the condition.
    public static func value(
        of range: EtcdKeyRange,
        _ relation: Relation,
        _ value: some EtcdBytesConvertible
    ) -> EtcdCompare {
        EtcdCompare(range: range, relation: relation, operand: .value(value.etcdBytes))
    }

    /// Compares the lease the key is bound to.
    ///
    /// etcd 3.3.
    ///
    /// - Parameters:
    ///   - key: the key.
    ///   - relation: how the stored one must relate to the one given.
    ///   - lease: the lease to compare with; nil for none.
    /// - Returns: the condition.
    public static func lease(
        of key: some EtcdBytesConvertible,
        _ relation: Relation,
        _ lease: EtcdLeaseID?
    ) -> EtcdCompare {
        EtcdCompare(range: .key(key), relation: relation, operand: .lease(lease))
    }

    /// Compares the lease the key is bound to.
    ///
    /// etcd 3.3, for each key of a range.
    ///
    /// - Parameters:
    ///   - range: the keys.
    ///   - relation: how the stored one must relate to the one given.
    ///   - lease: the lease to compare with; nil for none.
    /// - Returns: the condition.
    public static func lease(
        of range: EtcdKeyRange,
        _ relation: Relation,
        _ lease: EtcdLeaseID?
    ) -> EtcdCompare {
        EtcdCompare(range: range, relation: relation, operand: .lease(lease))
    }

    /// Holds when there is no such key.
    ///
    /// - Parameter key: the key.
    /// - Returns: the condition.
    public static func isAbsent(_ key: some EtcdBytesConvertible) -> EtcdCompare {
        .createRevision(of: key, .equal, 0)
    }

    /// Holds when there is no key in a range.
    ///
    /// etcd 3.3.
    ///
    /// - Parameter range: the keys.
    /// - Returns: the condition.
    public static func isAbsent(_ range: EtcdKeyRange) -> EtcdCompare {
        .createRevision(of: range, .equal, 0)
    }

    /// Holds when there is such a key.
    ///
    /// - Parameter key: the key.
    /// - Returns: the condition.
    public static func exists(_ key: some EtcdBytesConvertible) -> EtcdCompare {
        .createRevision(of: key, .greater, 0)
    }

    /// Holds when nobody has changed or deleted a key since it was read.
    ///
    /// - Parameter keyValue: the key as it was read.
    /// - Returns: the condition.
    public static func isUnchanged(_ keyValue: EtcdKeyValue) -> EtcdCompare {
        .modRevision(of: keyValue.key, .equal, keyValue.modRevision)
    }
}

extension EtcdCompare: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// What is compared, without keys and values.
    public var description: String {
        switch self.operand {
        case .version: "<compare of a version>"
        case .createRevision: "<compare of a create revision>"
        case .modRevision: "<compare of a mod revision>"
        case .value: "<compare of a value>"
        case .lease: "<compare of a lease>"
        }
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
