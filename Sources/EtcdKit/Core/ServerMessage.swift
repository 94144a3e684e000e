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
        /// The same again, once at each other endpoint: this one does not speak as etcd does.
        case notHere
        /// The same again, with a new token.
        case newToken
    }

    let code: EtcdError.Code
    let execution: Execution
    let remedy: Remedy

    /// What to do about it, for the user; nil when that is not known.
    let hint: String?

    init(
        _ code: EtcdError.Code,
        _ execution: Execution = .no,
        _ remedy: Remedy = .none,
        hint: String? = nil
    ) {
        self.code = code
        self.execution = execution
        self.remedy = remedy
        self.hint = hint
    }

    /// - Parameters:
    ///   - text: the server's words, in whatever wrapping.
    ///   - status: the gRPC code they came with.
    init(_ text: String, status: GRPCStatus.Code) {
        let core = Self.core(of: text)
        if let known = Self.catalogue[core] {
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
