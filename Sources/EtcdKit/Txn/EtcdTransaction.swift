// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A transaction: conditions, and what to do if they hold and if they do not.
///
/// etcd checks all conditions and runs one list of operations in one step, at one revision.
///
/// The server refuses
///
/// - a list that puts one key twice, or puts a key that another operation of the list deletes
///   (``EtcdError/Code/duplicateKey``). Deletions may overlap. For a nested transaction both its
///   lists count, though not against each other. etcd overlooks deletions without an upper bound,
///   such as of ``EtcdKeyRange/all``, and runs the operations in their order then; through
///   ``EtcdClient/namespaced(_:)`` every range has an upper bound.
/// - more than 128 conditions, or operations in one list, unless it was started with another
///   `--max-txn-ops` (``EtcdError/Code/tooManyOperations``). What the longest list of a transaction
///   has is taken off the number for those nested in it.
///
/// Transactions can be nested 32 deep, a limit of this client.
///
/// This client refuses a put that keeps its key's value or lease
/// (``EtcdPutOptions/keepValue``, ``EtcdPutOptions/keepLease``) after a deletion without an upper bound that takes
/// the key (``EtcdError/Code/invalidArgument``): every member of etcd 3.4.23 or 3.5.1 that applies it ends, and ends
/// again at each start.
public struct EtcdTransaction: Sendable, Hashable {
    /// The conditions; all must hold.
    ///
    /// None at all holds, too.
    public var conditions: [EtcdCompare]

    /// What to do when all conditions hold.
    public var success: [EtcdOperation]

    /// What to do otherwise.
    public var failure: [EtcdOperation]

    /// Makes a transaction.
    ///
    /// - Parameters:
    ///   - conditions: what must hold.
    ///   - success: what to do then.
    ///   - failure: what to do otherwise.
    public init(
        when conditions: [EtcdCompare] = [],
        then success: [EtcdOperation] = [],
        otherwise failure: [EtcdOperation] = []
    ) {
        self.conditions = conditions
        self.success = success
        self.failure = failure
    }

    /// The transaction with more conditions.
    ///
    /// - Parameter conditions: what must hold, too.
    /// - Returns: the new transaction.
    public func when(_ conditions: EtcdCompare...) -> EtcdTransaction {
        var copy = self
        copy.conditions += conditions
        return copy
    }

    /// The transaction with more operations for the case that the conditions hold.
    ///
    /// - Parameter operations: what to do after the operations that are there already.
    /// - Returns: the new transaction.
    public func then(_ operations: EtcdOperation...) -> EtcdTransaction {
        var copy = self
        copy.success += operations
        return copy
    }

    /// The transaction with more operations for the case that the conditions do not hold.
    ///
    /// - Parameter operations: what to do after the operations that are there already.
    /// - Returns: the new transaction.
    public func otherwise(_ operations: EtcdOperation...) -> EtcdTransaction {
        var copy = self
        copy.failure += operations
        return copy
    }
}

extension EtcdTransaction: CustomStringConvertible {
    /// The numbers of conditions and operations.
    public var description: String {
        "<\(self.conditions.count) conditions, \(self.success.count) operations, "
            + "otherwise \(self.failure.count)>"
    }
}
