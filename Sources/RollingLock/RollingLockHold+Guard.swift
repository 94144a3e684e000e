// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

public import EtcdKit

extension RollingLockHold {
    /// Commits a transaction only if the lock is still held, as etcd sees it at that very revision.
    ///
    /// The transaction is nested in one that compares the create revision of the ticket. If the
    /// ticket is gone, neither of the transaction's branches is run.
    ///
    /// - Parameter transaction: What to do; the user must be granted all keys in it.
    /// - Returns: What the transaction came to.
    /// - Throws: ``RollingLockError`` with ``RollingLockError/Code/lost`` if the lock is lost or was
    ///   released; nothing was done then. `EtcdError` if etcd refused or did not answer: with its code
    ///   `ambiguous` the transaction may have been executed. `CancellationError` when the task was
    ///   cancelled.
    public func guardedTxn(
        _ transaction: EtcdTransaction
    ) async throws -> EtcdTransactionResponse {
        guard self.isHeld else { throw self.lostError }
        let outer = EtcdTransaction(
            when: [.createRevision(of: self.key, .equal, self.fencingToken)],
            then: [.transaction(transaction)]
        )
        let response = try await self.coordinator.requests.client.commit(outer)
        guard response.succeeded else { throw self.lostError }
        guard var inner = response.results.first?.transactionResponse else {
            throw RollingLockError(code: .failed, message: "etcd's answer lacks the transaction")
        }
        // A nested answer has no header of its own.
        inner.header = response.header
        return inner
    }

    private var lostError: RollingLockError {
        switch self.state {
        case .lost(let reason): .lost(reason, whileWaiting: false)
        case .released:
            RollingLockError(code: .lost, message: "the lock was released")
        case .held, .suspect: .lost(.ticketDeleted, whileWaiting: false)
        }
    }
}
