// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdLeaseSession {
    /// Why a lease cannot be relied on any more.
    ///
    /// Two reasons are equal if their kind is: `reason == .expired` holds whatever
    /// ``lastFailure`` says.
    public struct LossReason: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String {
            case expired
            case revoked
            case closed
            case abandoned
        }

        private let kind: Kind
        /// What kept the last renewal from being confirmed, if the lease was lost for want of one.
        public let lastFailure: EtcdError?

        private init(_ kind: Kind, lastFailure: EtcdError? = nil) {
            self.kind = kind
            self.lastFailure = lastFailure
        }

        /// No renewal was confirmed in time.
        public static let expired = LossReason(.expired)
        /// The server does not know the lease any more, although its time was not up: somebody
        /// revoked it.
        public static let revoked = LossReason(.revoked)
        /// The session was closed here, or its client was shut down.
        public static let closed = LossReason(.closed)
        /// The session was abandoned here.
        public static let abandoned = LossReason(.abandoned)

        /// The kind in a word, for metrics.
        var name: String { self.kind.rawValue }

        /// Whether the session was ended here on purpose.
        var isOwnDecision: Bool { self.kind == .closed || self.kind == .abandoned }

        static func expired(after failure: EtcdError?) -> LossReason {
            LossReason(.expired, lastFailure: failure)
        }

        /// True if both reasons are of the same kind.
        public static func == (left: LossReason, right: LossReason) -> Bool {
            left.kind == right.kind
        }

        /// Feeds the kind of the reason into a hasher.
        ///
        /// - Parameter hasher: The hasher.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(self.kind)
        }

        /// The reason as a sentence.
        public var description: String {
            let sentence =
                switch self.kind {
                case .expired: "no renewal of the lease was confirmed in time"
                case .revoked: "the lease was revoked"
                case .closed: "the lease session was closed"
                case .abandoned: "the lease session was abandoned"
                }
            return self.lastFailure.map { "\(sentence): \($0)" } ?? sentence
        }
    }
}
