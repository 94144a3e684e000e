// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a connection could not be made, or ended.
///
/// The text names the cause and the mend; the caller adds the endpoint.
package enum ConnectionFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The host name has no address.
    case nameResolution(host: String, reason: String)
    /// Nothing listens on the port.
    case refused
    /// No route, or the network refused.
    case unreachable(String)
    /// The phase did not end within the connect timeout.
    case timedOut(phase: String)
    /// TLS could not be set up, or failed later.
    case tls(TLSFailure)
    /// The peer does not speak HTTP/2.
    case notHTTP2(hint: String)
    /// The peer closed the connection in this phase.
    case closedByPeer(phase: String)
    /// The server is a member of another cluster than the one the pool is for.
    case foreignCluster(found: UInt64, expected: UInt64)
    /// The server asked to leave with this HTTP/2 error code.
    case goAway(code: UInt32, message: String)
    /// No answer to a PING.
    case keepAliveTimeout
    /// The peer took calls and did not answer them, or only to say that it cannot serve.
    case unresponsive(String)
    /// The socket failed.
    case socket(String)
    /// The peer broke HTTP/2's rules.
    case protocolViolation(String)
    /// This side closed the connection.
    case closedLocally
    /// This side went over to another connection, and lets the calls on this one end.
    case left

    /// Whether the peer and the network had no part in it.
    package var isOwnDecision: Bool {
        self == .closedLocally || self == .left
    }

    /// Whether the peer was reached and did not do its work.
    var isOfAnswers: Bool {
        if case .unresponsive = self { true } else { false }
    }

    package var description: String {
        switch self {
        case .nameResolution(let host, let reason):
            "the name \(host) cannot be resolved: \(reason)"
        case .refused:
            "connection refused: nothing listens on this port"
        case .unreachable(let reason):
            "the address cannot be reached: \(reason)"
        case .timedOut(let phase):
            "timed out while \(phase)"
        case .tls(let failure):
            "TLS: \(failure)"
        case .notHTTP2(let hint):
            "the peer does not speak HTTP/2: \(hint)"
        case .closedByPeer(let phase):
            "the peer closed the connection while \(phase)"
        case .foreignCluster(let found, let expected):
            "it belongs to cluster \(String(found, radix: 16)), and this client talks to cluster "
                + String(expected, radix: 16)
        case .goAway(let code, let message):
            message.isEmpty
                ? "the server asked to leave (GOAWAY, code \(code))"
                : "the server asked to leave (GOAWAY, code \(code): \(message))"
        case .keepAliveTimeout:
            "the peer did not answer a PING in time"
        case .unresponsive(let reason):
            reason
        case .socket(let reason):
            "the connection failed: \(reason)"
        case .protocolViolation(let reason):
            "the peer violated HTTP/2: \(reason)"
        case .closedLocally:
            "the connection was closed by this client"
        case .left:
            "this client went over to another connection"
        }
    }
}
