// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// What an error of the server means, found by its text.
///
/// The text decides and the gRPC code only fills in: the same error comes with different codes from
/// different versions, some come as UNKNOWN, and a watch brings them as text only.
struct ServerMessage: Sendable, Equatable {
    /// Whether the request can have had an effect.
    enum Execution: Sendable, Equatable {
        case no
        case unknown
    }

    /// What helps.
    enum Remedy: Sendable, Equatable {
        /// Nothing short of another request.
        case none
        /// The same again, somewhere else if possible.
        case elsewhere
        /// The same again, a little later.
        case later
        /// The same again, with a new token.
        case newToken
    }

    let code: EtcdError.Code
    let execution: Execution
    let remedy: Remedy

    private init(
        _ code: EtcdError.Code,
        _ execution: Execution = .no,
        _ remedy: Remedy = .none
    ) {
        self.code = code
        self.execution = execution
        self.remedy = remedy
    }

    /// - Parameters:
    ///   - text: the server's words, in whatever wrapping.
    ///   - status: the gRPC code they came with.
    init(_ text: String, status: GRPCStatus.Code) {
        let core = Self.core(of: text)
        if let known = Self.known[core] {
            self = known
        } else if let (_, known) = Self.beginnings.first(where: { core.hasPrefix($0.text) }) {
            self = known
        } else {
            self = Self.byStatus(status)
        }
    }

    /// The text without what servers wrap around it: `rpc error: code = X desc = `, and the names of
    /// their modules.
    static func core(of text: String) -> String {
        var rest = text[...]
        if rest.hasPrefix("rpc error: code = "), let range = rest.firstRange(of: " desc = ") {
            rest = rest[range.upperBound...]
        }
        var isStripped = true
        while isStripped {
            isStripped = false
            for name in ["etcdserver: ", "auth: ", "mvcc: ", "lessor: ", "raft: "]
            where rest.hasPrefix(name) {
                rest = rest.dropFirst(name.count)
                isStripped = true
            }
        }
        return String(rest)
    }

    /// Whether the text says that the server has no such method.
    static func isOfAbsentMethod(_ text: String) -> Bool {
        let core = Self.core(of: text)
        return core.hasPrefix("unknown service") || core.hasPrefix("unknown method")
    }

    private static let known: [String: ServerMessage] = [
        // The request.
        "key is not provided": .init(.invalidArgument),
        "value is provided": .init(.invalidArgument),
        "lease is provided": .init(.invalidArgument),
        "invalid sort option": .init(.invalidArgument),
        "invalid client api version": .init(.invalidArgument),
        "key not found": .init(.keyNotFound),
        "too many operations in txn request": .init(.tooManyOperations),
        "duplicate key given in txn request": .init(.duplicateKey),
        "request is too large": .init(.requestTooLarge),
        "required revision has been compacted": .init(.compacted),
        "required revision is a future revision": .init(.futureRevision),
        "requested lease not found": .init(.leaseNotFound),
        "lease not found": .init(.leaseNotFound),
        "lease already exists": .init(.leaseExists),
        "too large lease TTL": .init(.leaseTTLTooLarge),
        "watch canceled": .init(.watchCancelled),
        // The server's state.
        "database space exceeded": .init(.noSpace),
        "too many requests": .init(.tooManyRequests, .no, .later),
        "no leader": .init(.noLeader, .no, .elsewhere),
        "raft proposal dropped": .init(.noLeader, .no, .later),
        "not a primary lessor": .init(.noLeader, .no, .elsewhere),
        "leader changed": .init(.noLeader, .unknown, .later),
        "not leader": .init(.noLeader, .no, .elsewhere),
        "rpc not supported for learner": .init(.unsupported, .no, .elsewhere),
        "not capable": .init(.unsupported, .no, .elsewhere),
        "server stopped": .init(.unavailable, .unknown, .elsewhere),
        "request canceled": .init(.unavailable, .unknown, .elsewhere),
        "unhealthy cluster": .init(.unavailable, .no, .none),
        "corrupt cluster": .init(.internalError),
        "context deadline exceeded": .init(.unavailable, .unknown, .elsewhere),
        "context canceled": .init(.unavailable, .unknown, .elsewhere),
        // Users.
        "permission denied": .init(.permissionDenied),
        "user name is empty": .init(.unauthenticated, .no, .newToken),
        "user name not found": .init(.unauthenticated),
        "invalid auth token": .init(.unauthenticated, .no, .newToken),
        // The second is how 3.5.1 words the first.
        "revision of auth store is old": .init(.unauthenticated, .no, .newToken),
        "revision in header is old": .init(.unauthenticated, .no, .newToken),
        "authentication failed, invalid user ID or password": .init(.authenticationFailed),
        "authentication is not enabled": .init(.unsupported),
    ]

    private static let beginnings: [(text: String, meaning: ServerMessage)] = [
        ("request timed out", .init(.unavailable, .unknown, .elsewhere)),
        ("grpc: received message larger than max", .init(.requestTooLarge)),
        ("unknown service", .init(.unsupported)),
        ("unknown method", .init(.unsupported)),
    ]

    private static func byStatus(_ status: GRPCStatus.Code) -> ServerMessage {
        switch status {
        case .invalidArgument: .init(.invalidArgument)
        case .permissionDenied: .init(.permissionDenied)
        case .unauthenticated: .init(.unauthenticated, .no, .newToken)
        case .unimplemented: .init(.unsupported)
        case .notFound, .alreadyExists, .failedPrecondition, .outOfRange: .init(.unknown)
        case .internalError, .dataLoss: .init(.internalError, .unknown)
        case .unavailable, .aborted: .init(.unavailable, .unknown, .elsewhere)
        case .deadlineExceeded, .cancelled: .init(.unavailable, .unknown, .elsewhere)
        default: .init(.unknown, .unknown)
        }
    }
}
