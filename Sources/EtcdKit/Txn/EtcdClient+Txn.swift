// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

extension EtcdClient {
    /// Runs a transaction: if all its conditions hold one list of operations, otherwise another,
    /// all at one revision.
    ///
    /// ```swift
    /// let answer = try await client.commit(
    ///     EtcdTransaction()
    ///         .when(.isAbsent("config"))
    ///         .then(.put("config", "first"))
    ///         .otherwise(.get("config")))
    /// ```
    ///
    /// A transaction whose lists only read is a read: it is repeated when its answer is lost.
    ///
    /// - Parameter transaction: what to do.
    /// - Returns: which branch was taken and the answers of its operations, in order.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when a transaction that
    ///   writes may or may not have been executed, ``EtcdError/Code/tooManyOperations`` or
    ///   ``EtcdError/Code/duplicateKey`` when the server refuses it for what ``EtcdTransaction``
    ///   describes. `CancellationError` when the task was cancelled.
    public func commit(_ transaction: EtcdTransaction) async throws -> EtcdTransactionResponse {
        try transaction.check()
        let response: TxnResponse
        do {
            if transaction.isSerializable {
                response = try await self.readSerializably(TxnRequest(transaction))
            } else {
                response = try await self.perform(
                    KVRPC.txn,
                    TxnRequest(transaction.linearized),
                    isRepeatable: transaction.isReadOnly
                )
            }
        } catch let error as EtcdError {
            throw transaction.explained(error)
        }
        guard var result = EtcdTransactionResponse(response) else {
            throw EtcdError(
                code: .malformedResponse,
                message: "an operation of the transaction has no answer of a known kind"
            )
        }
        if transaction.hasConditionsOnly { result.results = [] }
        return result
    }
}
