// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdLeadership {
    /// Why a candidate does not lead any more, or will never.
    ///
    /// More may be added, so a `switch` over it needs a `default`.
    public struct LossReason: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case leaseExpired = "no renewal of its lease was confirmed in time"
            case leaseRevoked = "its lease was revoked"
            case keyDeleted = "its key was deleted, or its lease revoked"
            case closed = "the client was shut down"
        }

        private let value: Value

        /// No renewal of the lease was confirmed in time.
        public static let leaseExpired = LossReason(value: .leaseExpired)
        /// The server does not know the lease any more, although its time was not up.
        public static let leaseRevoked = LossReason(value: .leaseRevoked)
        /// The key was deleted, by somebody or with its lease.
        public static let keyDeleted = LossReason(value: .keyDeleted)
        /// The client was shut down.
        public static let closed = LossReason(value: .closed)

        /// The reason as a sentence.
        public var description: String {
            self.value.rawValue
        }
    }
}

extension EtcdLeadership.LossReason {
    init(_ reason: EtcdLeaseSession.LossReason) {
        switch reason {
        case .expired: self = .leaseExpired
        case .revoked: self = .leaseRevoked
        default: self = .closed
        }
    }
}
