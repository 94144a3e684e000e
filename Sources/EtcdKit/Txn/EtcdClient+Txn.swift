// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

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
        throw EtcdError(code: .unsupported, message: "not there yet")
    }
}
