// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why the pool has no connection to give.
package struct PoolFailure: Error, Sendable {
    package enum Reason: Hashable, Sendable {
        /// No endpoint could be reached in the time given.
        case timeout
        /// Every endpoint failed in a way that trying again does not mend.
        case unusable
        /// The caller's task was cancelled.
        case cancelled
        /// The pool was shut down.
        case closed
    }

    package struct Attempt: Hashable, Sendable {
        package let endpoint: Endpoint
        package let failure: ConnectionFailure

        package init(endpoint: Endpoint, failure: ConnectionFailure) {
            self.endpoint = endpoint
            self.failure = failure
        }
    }

    package let reason: Reason

    /// The last failure of each endpoint that was tried, in the order of the configuration.
    package let attempts: [Attempt]

    package init(_ reason: Reason, attempts: [Attempt] = []) {
        self.reason = reason
        self.attempts = attempts
    }
}

extension ConnectionFailure {
    /// Whether it looks as if one side speaks TLS and the other does not.
    package var suggestsOtherScheme: Bool {
        switch self {
        case .closedByPeer(let text), .notHTTP2(let text):
            text.contains("https://") || text.contains("http://")
        case .tls(.notTLS):
            true
        default:
            false
        }
    }

    /// Whether the endpoint will fail in the same way until somebody changes something.
    package var needsMending: Bool {
        switch self {
        case .tls(let failure):
            switch failure {
            case .truncated, .handshake: false
            default: true
            }
        case .notHTTP2, .foreignCluster: true
        case .nameResolution, .refused, .unreachable, .timedOut, .closedByPeer, .goAway,
            .keepAliveTimeout, .unresponsive, .socket, .protocolViolation, .closedLocally, .left:
            false
        }
    }
}

extension PoolFailure: CustomStringConvertible {
    package var description: String {
        let list = self.attempts.map { "\($0.endpoint): \($0.failure)" }
        return list.isEmpty ? "no connection" : list.joined(separator: "; ")
    }
}
