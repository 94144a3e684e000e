// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension EtcdError {
    /// The kinds of failure.
    ///
    /// More may be added, so a `switch` over it needs a `default`.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case invalidArgument
            case invalidEndpoint
            case closed
            case unavailable
            case nameResolutionFailed
            case connectionRefused
            case connectionTimedOut
            case tlsFailed
            case certificateRejected
            case notEtcd
            case deadlineExceeded
            case ambiguous
            case permissionDenied
            case unauthenticated
            case authenticationFailed
            case authenticationNotEnabled
            case rootUserMissing
            case userNotFound
            case userExists
            case roleNotFound
            case roleExists
            case roleNotGranted
            case permissionNotGranted
            case leaseNotFound
            case leaseExists
            case leaseTTLTooLarge
            case compacted
            case futureRevision
            case keyNotFound
            case noSpace
            case requestTooLarge
            case tooManyOperations
            case duplicateKey
            case noLeader
            case tooManyRequests
            case notLeader
            case memberNotFound
            case memberExists
            case memberNotLearner
            case learnerNotReady
            case tooManyLearners
            case unhealthyCluster
            case downgradeInProgress
            case noDowngradeInProgress
            case notElected
            case nobodyElected
            case corrupt
            case unsupported
            case responseTooLarge
            case malformedResponse
            case watchCancelled
            case clusterChanged
            case slowConsumer
            case fileFailed
            case internalError
            case unknown
        }

        private let value: Value

        private init(_ value: Value) {
            self.value = value
        }

        /// The name of the code, such as `permissionDenied`.
        public var description: String {
            self.value.rawValue
        }

        /// A parameter cannot be right, or etcd refused it as invalid.
        public static let invalidArgument = Code(.invalidArgument)

        /// An endpoint in the configuration is missing or malformed.
        public static let invalidEndpoint = Code(.invalidEndpoint)

        /// The client was shut down.
        public static let closed = Code(.closed)

        /// No endpoint could serve the call, or the connection was lost before it was sent.
        public static let unavailable = Code(.unavailable)

        /// The host name of an endpoint could not be resolved.
        public static let nameResolutionFailed = Code(.nameResolutionFailed)

        /// Nothing listens on the endpoint's port.
        public static let connectionRefused = Code(.connectionRefused)

        /// The endpoint did not answer within the connect timeout.
        public static let connectionTimedOut = Code(.connectionTimedOut)

        /// The TLS handshake failed, or TLS is spoken on one side only.
        public static let tlsFailed = Code(.tlsFailed)

        /// A certificate was not accepted: the server's by this client, or this client's by the server.
        public static let certificateRejected = Code(.certificateRejected)

        /// Something answered that is not etcd's client port.
        public static let notEtcd = Code(.notEtcd)

        /// The request timeout passed.
        ///
        /// A write has had no effect then, unless it is one that may be done twice.
        public static let deadlineExceeded = Code(.deadlineExceeded)

        /// A write was sent and its answer lost: it may or may not have been executed.
        public static let ambiguous = Code(.ambiguous)

        /// The user may not do this.
        public static let permissionDenied = Code(.permissionDenied)

        /// etcd wants a user and got none, or a token it does not know.
        public static let unauthenticated = Code(.unauthenticated)

        /// User name or password is wrong, or the closure for tokens failed.
        public static let authenticationFailed = Code(.authenticationFailed)

        /// Users and passwords mean nothing, for authentication is not enabled.
        public static let authenticationNotEnabled = Code(.authenticationNotEnabled)

        /// Authentication cannot be enabled, for there is no user `root`, or it lacks the role `root`.
        public static let rootUserMissing = Code(.rootUserMissing)

        /// There is no such user.
        public static let userNotFound = Code(.userNotFound)

        /// There is a user of this name already.
        public static let userExists = Code(.userExists)

        /// There is no such role.
        public static let roleNotFound = Code(.roleNotFound)

        /// There is a role of this name already.
        public static let roleExists = Code(.roleExists)

        /// The user does not have the role that was to be revoked.
        public static let roleNotGranted = Code(.roleNotGranted)

        /// The role does not have the permission that was to be revoked.
        public static let permissionNotGranted = Code(.permissionNotGranted)

        /// There is no lease of this name, or it has expired.
        public static let leaseNotFound = Code(.leaseNotFound)

        /// There is a lease of this name already.
        public static let leaseExists = Code(.leaseExists)

        /// The time to live is larger than etcd allows (9 000 000 000 s).
        public static let leaseTTLTooLarge = Code(.leaseTTLTooLarge)

        /// The revision asked for was compacted away.
        public static let compacted = Code(.compacted)

        /// The revision asked for is not there yet.
        public static let futureRevision = Code(.futureRevision)

        /// The key to change does not exist.
        public static let keyNotFound = Code(.keyNotFound)

        /// The database reached its quota and takes no writes until it is compacted and the alarm is disarmed.
        public static let noSpace = Code(.noSpace)

        /// The request is larger than the server takes (1.5 MiB by default).
        public static let requestTooLarge = Code(.requestTooLarge)

        /// A transaction has more operations or compares than the server takes (128 by default).
        public static let tooManyOperations = Code(.tooManyOperations)

        /// A transaction writes the same key twice.
        public static let duplicateKey = Code(.duplicateKey)

        /// The cluster has no leader at the moment.
        public static let noLeader = Code(.noLeader)

        /// The server is overloaded and refused the request.
        public static let tooManyRequests = Code(.tooManyRequests)

        /// The member asked is not the leader, and only the leader can do this.
        public static let notLeader = Code(.notLeader)

        /// The cluster has no such member.
        public static let memberNotFound = Code(.memberNotFound)

        /// The cluster has a member with this ID or one of these peer URLs already.
        public static let memberExists = Code(.memberExists)

        /// The member to promote is not a learner.
        public static let memberNotLearner = Code(.memberNotLearner)

        /// The learner to promote has not caught up with the leader yet; it may have later.
        public static let learnerNotReady = Code(.learnerNotReady)

        /// The cluster has as many learners as it may have (1 by default).
        public static let tooManyLearners = Code(.tooManyLearners)

        /// Too few members are up for the change, or have been for long enough.
        public static let unhealthyCluster = Code(.unhealthyCluster)

        /// A downgrade has been begun and not been ended.
        public static let downgradeInProgress = Code(.downgradeInProgress)

        /// There is no downgrade to cancel.
        public static let noDowngradeInProgress = Code(.noDowngradeInProgress)

        /// Who proclaims or resigns is not, or no longer, the one elected.
        public static let notElected = Code(.notElected)

        /// The election has no winner at the moment.
        public static let nobodyElected = Code(.nobodyElected)

        /// The members differ in what they have stored, and take no requests until that is mended.
        public static let corrupt = Code(.corrupt)

        /// The server is too old or not in a state to offer this.
        public static let unsupported = Code(.unsupported)

        /// The answer is larger than the configured maximum.
        public static let responseTooLarge = Code(.responseTooLarge)

        /// The server's answer could not be understood.
        public static let malformedResponse = Code(.malformedResponse)

        /// The server ended the watch.
        public static let watchCancelled = Code(.watchCancelled)

        /// Another cluster answers than before, or the store is in an earlier state than before, where
        /// revisions mean something else.
        ///
        /// To go on, read the present state and begin from there. Calls fail with it when no endpoint
        /// of the client's own cluster is left, until ``EtcdCluster/acceptReplacement()``.
        public static let clusterChanged = Code(.clusterChanged)

        /// The consumer of a watch or a subscription read too slowly, and had asked to be told so.
        ///
        /// To go on, read the present state and begin from there.
        public static let slowConsumer = Code(.slowConsumer)

        /// A file on this machine could not be written.
        public static let fileFailed = Code(.fileFailed)

        /// The server reports a fault of its own, such as a disk that fails.
        public static let internalError = Code(.internalError)

        /// The server answered with an error this client has no name for; the message has its words.
        public static let unknown = Code(.unknown)

        /// Whether the failure tends to go away by itself.
        var isUsuallyTransient: Bool {
            switch self.value {
            case .unavailable, .nameResolutionFailed, .connectionRefused, .connectionTimedOut,
                .deadlineExceeded, .noLeader, .tooManyRequests, .learnerNotReady,
                .unhealthyCluster, .nobodyElected:
                true
            case .invalidArgument, .invalidEndpoint, .closed, .tlsFailed, .certificateRejected,
                .notEtcd, .ambiguous, .permissionDenied, .unauthenticated, .authenticationFailed,
                .authenticationNotEnabled, .rootUserMissing, .userNotFound, .userExists,
                .roleNotFound, .roleExists, .roleNotGranted, .permissionNotGranted,
                .leaseNotFound, .leaseExists, .leaseTTLTooLarge, .compacted, .futureRevision,
                .keyNotFound, .noSpace, .requestTooLarge, .tooManyOperations, .duplicateKey,
                .notLeader, .memberNotFound, .memberExists, .memberNotLearner, .tooManyLearners,
                .downgradeInProgress, .noDowngradeInProgress, .notElected, .corrupt,
                .unsupported, .responseTooLarge, .malformedResponse, .watchCancelled,
                .clusterChanged, .slowConsumer, .fileFailed, .internalError, .unknown:
                false
            }
        }
    }
}
