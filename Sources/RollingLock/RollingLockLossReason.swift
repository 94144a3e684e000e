// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a ticket no longer stands in the queue although its owner did not give it up.
public struct RollingLockLossReason: Hashable, Sendable, CustomStringConvertible {
    private enum Value: String {
        case leaseExpired = "the lease could not be renewed in time"
        case leaseRevoked = "the lease was revoked or expired on the server"
        case ticketDeleted = "the ticket was deleted by somebody else"
        case closed = "the lock was shut down"
    }

    private var value: Value

    /// No renewal was confirmed before the local deadline, which lies before the server's.
    public static var leaseExpired: RollingLockLossReason { .init(value: .leaseExpired) }

    /// The server says that the lease does not exist any more.
    public static var leaseRevoked: RollingLockLossReason { .init(value: .leaseRevoked) }

    /// The ticket was deleted while its lease was alive, for instance by an operator.
    public static var ticketDeleted: RollingLockLossReason { .init(value: .ticketDeleted) }

    /// This process shut the lock or its client down.
    public static var closed: RollingLockLossReason { .init(value: .closed) }

    /// The reason as half a sentence.
    public var description: String { self.value.rawValue }
}
