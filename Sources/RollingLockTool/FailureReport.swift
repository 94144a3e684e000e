// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdKit
import RollingLock

extension ToolFailure {
    /// The failure that an error of the libraries means for the user.
    init(_ error: any Error, waitingLimit: Duration? = nil) {
        switch error {
        case let failure as ToolFailure: self = failure
        case let error as RollingLockError: self.init(error, waitingLimit: waitingLimit)
        case let error as EtcdError: self.init(error)
        case is CancellationError:
            self.init(status: ExitStatus.fault, message: "cancelled")
        default: self.init(status: ExitStatus.fault, message: "\(error)")
        }
    }

    private init(_ error: RollingLockError, waitingLimit: Duration?) {
        if error.code == .timeout {
            let limit = waitingLimit.map { " within \(DurationText.format($0))" } ?? ""
            self.init(
                status: ExitStatus.timedOut,
                message: "the lock was not granted\(limit); the command was not run"
            )
            return
        }
        // The cause tells more exactly why etcd cannot be used.
        if let cause = error.cause as? EtcdError,
            Self.status(of: cause.code) == ExitStatus.denied
        {
            self.init(status: ExitStatus.denied, message: Self.sentence(for: error))
            return
        }
        let status: Int32 =
            switch error.code {
            case .unavailable: ExitStatus.unavailable
            case .permissionDenied: ExitStatus.denied
            case .invalidName, .invalidArgument: ExitStatus.usage
            case .lost: ExitStatus.lost
            case .limitsDiffer: ExitStatus.limitsDiffer
            case .failed: ExitStatus.unavailable
            default: ExitStatus.fault
            }
        self.init(status: status, message: Self.sentence(for: error))
    }

    private init(_ error: EtcdError) {
        self.init(status: Self.status(of: error.code), message: Self.sentence(for: error))
    }

    /// What happened, where, and why, for somebody who does not know the libraries' codes.
    private static func sentence(for error: RollingLockError) -> String {
        guard let cause = error.cause else { return error.message }
        let reason = (cause as? EtcdError).map(self.sentence) ?? "\(cause)"
        return "\(error.message): \(reason)"
    }

    static func sentence(for error: EtcdError) -> String {
        guard let endpoint = error.endpoint else { return error.message }
        return "\(endpoint): \(error.message)"
    }

    private static func status(of code: EtcdError.Code) -> Int32 {
        switch code {
        case .permissionDenied, .unauthenticated, .authenticationFailed, .certificateRejected:
            ExitStatus.denied
        case .invalidArgument, .invalidEndpoint: ExitStatus.configuration
        case .closed: ExitStatus.fault
        default: ExitStatus.unavailable
        }
    }
}
