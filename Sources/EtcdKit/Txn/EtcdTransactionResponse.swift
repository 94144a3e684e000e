// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The answer to a transaction.
public struct EtcdTransactionResponse: Sendable, Hashable {
    /// What etcd says about itself.
    ///
    /// Its revision is the one of the transaction.
    public var header: EtcdResponseHeader

    /// True when all conditions held.
    public var succeeded: Bool

    /// The results of the operations of the branch taken, in order.
    public var results: [EtcdOperationResult]

    /// Makes an answer from its parts.
    ///
    /// - Parameters:
    ///   - header: what etcd says about itself.
    ///   - succeeded: whether all conditions held.
    ///   - results: the results of the operations.
    public init(header: EtcdResponseHeader, succeeded: Bool, results: [EtcdOperationResult]) {
        self.header = header
        self.succeeded = succeeded
        self.results = results
    }
}

/// The result of one operation of a transaction.
public enum EtcdOperationResult: Sendable, Hashable {
    /// The result of ``EtcdOperation/put(_:_:lease:options:)``.
    case put(EtcdPutResponse)
    /// The result of ``EtcdOperation/range(_:options:)`` and ``EtcdOperation/get(_:)``.
    case range(EtcdRangeResponse)
    /// The result of a deletion.
    case delete(EtcdDeleteResponse)
    /// The result of ``EtcdOperation/transaction(_:)``.
    case transaction(EtcdTransactionResponse)

    /// The result, if the operation was a put.
    public var putResponse: EtcdPutResponse? {
        if case .put(let response) = self { response } else { nil }
    }

    /// The result, if the operation was a read.
    public var rangeResponse: EtcdRangeResponse? {
        if case .range(let response) = self { response } else { nil }
    }

    /// The result, if the operation was a deletion.
    public var deleteResponse: EtcdDeleteResponse? {
        if case .delete(let response) = self { response } else { nil }
    }

    /// The result, if the operation was a transaction.
    public var transactionResponse: EtcdTransactionResponse? {
        if case .transaction(let response) = self { response } else { nil }
    }
}
