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
    /// - Parameter transaction: what to do.
    /// - Returns: which branch was taken and the answers of its operations, in order.
    /// - Throws: ``EtcdError``; its code is ``EtcdError/Code/ambiguous`` when a transaction that
    ///   writes may or may not have been executed. `CancellationError` when the task was
    ///   cancelled.
    public func commit(_ transaction: EtcdTransaction) async throws -> EtcdTransactionResponse {
        try transaction.check()
        let response = try await self.perform(
            KVRPC.txn,
            TxnRequest(transaction),
            isRepeatable: transaction.isReadOnly
        )
        guard let result = EtcdTransactionResponse(response) else {
            throw EtcdError(
                code: .malformedResponse,
                message: "an operation of the transaction has no answer of a known kind"
            )
        }
        return result
    }
}
