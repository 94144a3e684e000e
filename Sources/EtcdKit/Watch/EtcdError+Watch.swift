// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

extension EtcdError {
    /// The end of a watch that the server, or what it sent, brought about.
    init(_ end: WatchStateMachine.End, endpoint: String?) {
        switch end {
        case .compacted(let revision):
            self.init(
                code: .compacted,
                message: "the watch needs revisions that the server has compacted away: "
                    + "the oldest one left is \(revision)",
                endpoint: endpoint,
                compactRevision: EtcdRevision(revision),
                isRetryable: false
            )
        case .cancelled(let reason):
            let code = ServerMessage(watchReason: reason).code
            self.init(
                code: code == .unknown ? .watchCancelled : code,
                message: reason.isEmpty
                    ? "the server ended the watch without a reason"
                    : "the server ended the watch: \(reason)",
                endpoint: endpoint,
                isRetryable: false
            )
        case .tooLarge(let limit):
            self.init(
                code: .responseTooLarge,
                message: "the events of one revision are larger than \(limit >> 20) MiB",
                endpoint: endpoint,
                isRetryable: false
            )
        case .clusterChanged:
            self.init(
                code: .clusterChanged,
                message: "another cluster answers now, where the revisions of the watch mean "
                    + "nothing: read again and start a new watch",
                endpoint: endpoint,
                isRetryable: false
            )
        }
    }

    /// The consumer did not keep up, and wants to be told rather than to wait.
    static var slowConsumer: EtcdError {
        EtcdError(
            code: .slowConsumer,
            message: "the consumer of the watch read too slowly and its buffer is full",
            isRetryable: false
        )
    }

    /// Whether opening the stream again would fail in the same way until somebody mends something.
    var endsStreams: Bool {
        if let failure = self.cause as? PoolFailure { return failure.reason == .unusable }
        switch self.code {
        case .authenticationFailed, .permissionDenied, .unsupported, .closed:
            // A learner does not serve watches; another member does.
            return !self.isRetryable
        default:
            return false
        }
    }
}

// MARK: - What ends a stream of watches

extension EtcdError {
    static func watchNotAcknowledged(
        within timeout: Duration,
        reason: EtcdError?,
        endpoint: String?
    ) -> EtcdError {
        EtcdError(
            code: reason?.code ?? .deadlineExceeded,
            message: "the watch was not acknowledged within \(timeout)"
                + (reason.map { ": \($0.message)" } ?? ""),
            endpoint: reason?.endpoint ?? endpoint,
            cause: reason,
            isRetryable: true
        )
    }

    static func watchStreamEnded(endpoint: String?) -> EtcdError {
        EtcdError(
            code: .unavailable,
            message: "the server ended the stream of watches",
            endpoint: endpoint
        )
    }

    static func watchesNotAcknowledged(endpoint: String?) -> EtcdError {
        EtcdError(
            code: .deadlineExceeded,
            message: "the server does not acknowledge watches",
            endpoint: endpoint
        )
    }

    static func unreadableWatchResponse(_ cause: any Error, endpoint: String?) -> EtcdError {
        EtcdError(
            code: .malformedResponse,
            message: "the server sent a watch response that cannot be read",
            endpoint: endpoint,
            cause: cause
        )
    }

    static func unexpectedWatchResponse(_ reason: String, endpoint: String?) -> EtcdError {
        EtcdError(
            code: .malformedResponse,
            message: "unexpected watch response: \(reason)",
            endpoint: endpoint
        )
    }

    static func watchTokenExpired(endpoint: String?) -> EtcdError {
        EtcdError(
            code: .unauthenticated,
            message: "the token of the watch stream has expired",
            endpoint: endpoint,
            isRetryable: true
        )
    }
}

extension ServerMessage {
    /// What the reason for which a server ended a watch stands for; it comes without a status.
    init(watchReason: String) {
        self.init(watchReason, status: .unknown)
    }
}
