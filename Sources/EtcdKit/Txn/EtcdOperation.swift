// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One operation of a transaction.
public struct EtcdOperation: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case put(key: EtcdBytes, value: EtcdBytes, lease: EtcdLeaseID?, options: EtcdPutOptions)
        case range(EtcdKeyRange, options: EtcdRangeOptions)
        case delete(EtcdKeyRange, options: EtcdDeleteOptions)
        case transaction(EtcdTransaction)
    }

    let kind: Kind

    /// Writes a key.
    ///
    /// - Parameters:
    ///   - key: the key; not empty.
    ///   - value: the value.
    ///   - lease: the lease to bind the key to.
    ///   - options: what else to do.
    /// - Returns: the operation; its result is ``EtcdOperationResult/put(_:)``.
    public static func put(
        _ key: some EtcdBytesConvertible,
        _ value: some EtcdBytesConvertible,
        lease: EtcdLeaseID? = nil,
        options: EtcdPutOptions = .init()
    ) -> EtcdOperation {
        EtcdOperation(
            kind: .put(
                key: key.etcdBytes,
                value: value.etcdBytes,
                lease: lease,
                options: options
            )
        )
    }

    /// Reads one key.
    ///
    /// - Parameter key: the key; not empty.
    /// - Returns: the operation; its result is ``EtcdOperationResult/range(_:)``.
    public static func get(_ key: some EtcdBytesConvertible) -> EtcdOperation {
        EtcdOperation(kind: .range(.key(key), options: .init()))
    }

    /// Reads a range of keys.
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - options: how many, at which revision, sorted how.
    /// - Returns: the operation; its result is ``EtcdOperationResult/range(_:)``.
    public static func range(
        _ range: EtcdKeyRange,
        options: EtcdRangeOptions = .init()
    ) -> EtcdOperation {
        EtcdOperation(kind: .range(range, options: options))
    }

    /// Deletes one key.
    ///
    /// - Parameters:
    ///   - key: the key; not empty.
    ///   - options: what else to do.
    /// - Returns: the operation; its result is ``EtcdOperationResult/delete(_:)``.
    public static func delete(
        _ key: some EtcdBytesConvertible,
        options: EtcdDeleteOptions = .init()
    ) -> EtcdOperation {
        EtcdOperation(kind: .delete(.key(key), options: options))
    }

    /// Deletes a range of keys.
    ///
    /// - Parameters:
    ///   - range: which keys.
    ///   - options: what else to do.
    /// - Returns: the operation; its result is ``EtcdOperationResult/delete(_:)``.
    public static func delete(
        _ range: EtcdKeyRange,
        options: EtcdDeleteOptions = .init()
    ) -> EtcdOperation {
        EtcdOperation(kind: .delete(range, options: options))
    }

    /// Runs a transaction inside the transaction.
    ///
    /// etcd 3.3.
    ///
    /// - Parameter transaction: the inner transaction.
    /// - Returns: the operation; its result is ``EtcdOperationResult/transaction(_:)``.
    public static func transaction(_ transaction: EtcdTransaction) -> EtcdOperation {
        EtcdOperation(kind: .transaction(transaction))
    }
}

extension EtcdOperation: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The kind of operation, without keys and values.
    public var description: String {
        switch self.kind {
        case .put: "<put>"
        case .range: "<range>"
        case .delete: "<delete>"
        case .transaction(let inner): "<transaction \(inner)>"
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
