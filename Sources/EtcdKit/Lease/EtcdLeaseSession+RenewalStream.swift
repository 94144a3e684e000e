// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdLeaseSession {
    /// Whether the renewals of a session share a stream with those of other sessions.
    ///
    /// etcd handles the renewals of one stream strictly one after the other, and can take seconds
    /// over one: for a lease that has expired but is not removed yet, or on a member that must ask
    /// a leader which does not answer. What waits behind it is then renewed late, though not lost
    /// for that: an unanswered renewal is repeated by a call of its own, and a lease that held up
    /// others is renewed aside from then on.
    public struct RenewalStream: Sendable, Hashable {
        private enum Value {
            case shared
            case separate
        }

        private let value: Value

        /// A stream that other sessions of the client use, too; a second one from 64 sessions on.
        public static let shared = RenewalStream(value: .shared)

        /// A stream of its own, for a session that must not be held up: that of a lock or of a
        /// leader.
        ///
        /// A client opens four such streams at most; further sessions join the ones there are.
        public static let separate = RenewalStream(value: .separate)
    }
}
