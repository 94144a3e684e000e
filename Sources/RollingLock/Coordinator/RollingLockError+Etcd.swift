// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit

extension RollingLockError {
    /// What an error of the client means for a lock; the one place where this is decided.
    ///
    /// - Parameters:
    ///   - error: What was thrown.
    ///   - requests: Who asked and for which keys, to name what must be granted to whom.
    /// - Returns: `CancellationError` and errors of our own as they are.
    static func translate(_ error: any Error, _ requests: LockRequests) -> any Error {
        guard let error = error as? EtcdError else { return error }
        switch error.code {
        case .permissionDenied, .unauthenticated, .authenticationFailed, .userNotFound:
            return RollingLockError(
                code: .permissionDenied,
                message: "etcd refuses \(requests.client.userDescription); its role needs "
                    + "readwrite on the prefix \(requests.keys.clusterPrefix)",
                cause: error
            )
        case .closed:
            return RollingLockError(
                code: .closed,
                message: "the client was shut down",
                cause: error
            )
        case .unavailable, .nameResolutionFailed, .connectionRefused, .connectionTimedOut,
            .tlsFailed, .certificateRejected, .notEtcd, .deadlineExceeded, .noLeader,
            .tooManyRequests, .ambiguous:
            return RollingLockError(
                code: .unavailable,
                message: "etcd cannot be used now",
                cause: error
            )
        default:
            return RollingLockError(
                code: .failed,
                message: "etcd refused the request",
                cause: error
            )
        }
    }
}

extension EtcdClient {
    /// Whom etcd takes the client for, in the words of a message.
    fileprivate var userDescription: String {
        self.userName.map { "user \(Printable.text($0))" } ?? "this client"
    }
}

extension Error {
    /// True if the request may have been executed, now or later.
    var leavesFateUnknown: Bool {
        guard let error = self as? EtcdError else { return true }
        switch error.code {
        case .ambiguous, .deadlineExceeded, .responseTooLarge, .malformedResponse, .internalError,
            .unknown, .closed:
            return true
        case .noSpace:
            // A member whose quota is used up applies a transaction first and refuses it then.
            return true
        default:
            return false
        }
    }

    /// True if etcd refuses this client, whatever it asks for.
    var isRefusal: Bool {
        guard let error = self as? EtcdError else { return false }
        switch error.code {
        case .permissionDenied, .unauthenticated, .authenticationFailed, .userNotFound, .closed:
            return true
        default: return false
        }
    }
}
