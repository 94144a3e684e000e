// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport
import EtcdWire

// The one place where failures of the layers below become `EtcdError`.

extension EtcdError {
    /// An endpoint that cannot be understood.
    init(_ error: EndpointError) {
        self.init(code: .invalidEndpoint, message: error.description)
    }

    /// Certificates or keys that cannot be used.
    init(_ failure: TLSFailure) {
        self.init(code: Code(failure), message: failure.description)
    }

    /// A file that could not be written.
    init(_ failure: FileFailure) {
        self.init(code: .fileFailed, message: failure.description)
    }

    /// A call that got no answer.
    init(_ failure: CallFailure, endpoint: Endpoint) {
        switch failure.reason {
        case .status(let status):
            self = .server(message: status.message, status: status.code, endpoint: endpoint)
        case .connection(let connection):
            self.init(
                code: Code(connection),
                message: connection.description,
                endpoint: endpoint.description
            )
        case .streamReset(let code):
            self.init(
                code: .unavailable,
                message: "the server reset the stream (HTTP/2 error \(code))",
                endpoint: endpoint.description
            )
        case .deadlineExceeded:
            self.init(
                code: .deadlineExceeded,
                message: "no answer within the request timeout",
                endpoint: endpoint.description
            )
        case .cancelled:
            self.init(
                code: .closed,
                message: "the call was cancelled",
                endpoint: endpoint.description
            )
        case .moved:
            self.init(
                code: .unavailable,
                message: "this client opens the stream again on another connection",
                endpoint: endpoint.description
            )
        case .messageTooLarge(let size, let limit, true):
            self.init(
                code: .requestTooLarge,
                message: "the request has \(size) bytes, more than the limit of \(limit)",
                endpoint: endpoint.description
            )
        case .messageTooLarge(let size, let limit, false):
            self.init(
                code: .responseTooLarge,
                message: "the answer has \(size) bytes, more than the limit of \(limit); "
                    + "ask for less at a time or raise maximumResponseSize",
                endpoint: endpoint.description
            )
        case .malformedAnswer(let what):
            self.init(
                code: .notEtcd,
                message: "the answer is not one of etcd's (\(what)): the server was just being "
                    + "stopped, or this is not etcd's client port, which is usually 2379",
                endpoint: endpoint.description
            )
        }
    }

    /// The server's own error, from a status or from the reason a watch was cancelled for.
    static func server(
        message: String,
        status: GRPCStatus.Code,
        endpoint: Endpoint?
    ) -> EtcdError {
        let meaning = ServerMessage(message, status: status)
        let words = ServerMessage.core(of: message)
        let text = meaning.code == .unknown ? "\(words) (gRPC \(status))" : words
        return EtcdError(
            code: meaning.code,
            message: meaning.hint.map { "\(text); \($0)" } ?? text,
            endpoint: endpoint?.description,
            isRetryable: meaning.remedy != .none && meaning.execution == .no ? true : nil
        )
    }

    /// A method that the server does not have.
    static func absent(_ method: GRPCMethod, since: String?, endpoint: Endpoint?) -> EtcdError {
        let name = method.path.dropFirst()
        let remedy =
            since.map { "it needs etcd \($0) or newer" }
            ?? "every etcd 3 has it; is this etcd's client port?"
        return EtcdError(
            code: .unsupported,
            message: "the server has no \(name); \(remedy)",
            endpoint: endpoint?.description
        )
    }

    /// An answer that does not decode.
    static func malformed(_ error: WireError, endpoint: Endpoint) -> EtcdError {
        EtcdError(
            code: .malformedResponse,
            message: "the answer cannot be decoded: \(error)",
            endpoint: endpoint.description,
            cause: error
        )
    }

    /// No connection.
    init(_ failure: PoolFailure) {
        switch (failure.reason, failure.attempts.count) {
        case (.closed, _), (.cancelled, _):
            self = .closed
        case (_, 0):
            self.init(
                code: .connectionTimedOut,
                message: "no endpoint could be reached in time",
                cause: failure
            )
        case (_, 1):
            let attempt = failure.attempts[0]
            self.init(
                code: Code(attempt.failure),
                message: attempt.failure.description,
                endpoint: attempt.endpoint.description,
                cause: failure
            )
        default:
            let codes = Set(failure.attempts.map { Code($0.failure) })
            let list = failure.attempts.map { "\($0.endpoint): \($0.failure)" }
            self.init(
                code: codes.count == 1 ? codes.first ?? .unavailable : .unavailable,
                message: "no endpoint can be used: " + list.joined(separator: "; "),
                cause: failure
            )
        }
    }

    /// A write whose fate is not known.
    static func ambiguous(_ cause: EtcdError) -> EtcdError {
        EtcdError(
            code: .ambiguous,
            message: "the request was sent, but its answer was lost, so it may or may not have "
                + "been executed: \(cause.message)",
            endpoint: cause.endpoint,
            cause: cause
        )
    }

    /// The same, with the number of attempts made until the request timeout.
    func afterAttempts(_ count: Int) -> EtcdError {
        guard count > 1 else { return self }
        var copy = self
        copy.message += " (after \(count) attempts within the request timeout)"
        return copy
    }

    /// The same, with what is wrong with the endpoints, if the time ran out.
    func afterFailures(_ failures: [PoolFailure.Attempt]) -> EtcdError {
        let cause = (self.cause as? EtcdError)?.code
        guard self.code == .deadlineExceeded || cause == .deadlineExceeded, !failures.isEmpty
        else { return self }
        var copy = self
        let list = failures.map { "\($0.endpoint): \($0.failure)" }
        copy.message += " (\(list.joined(separator: "; ")))"
        return copy
    }

    /// Whether the server wants a user where the call had none.
    var wantsUser: Bool {
        self.code == .unauthenticated && !self.message.hasPrefix("revision ")
    }

    static var closed: EtcdError {
        EtcdError(code: .closed, message: "the client was shut down")
    }
}

extension EtcdError.Code {
    fileprivate init(_ failure: ConnectionFailure) {
        guard !failure.suggestsOtherScheme else {
            self = .tlsFailed
            return
        }
        switch failure {
        case .nameResolution: self = .nameResolutionFailed
        case .refused: self = .connectionRefused
        case .timedOut: self = .connectionTimedOut
        case .tls(let failure): self.init(failure)
        case .notHTTP2: self = .notEtcd
        case .foreignCluster: self = .clusterChanged
        case .unreachable, .closedByPeer, .goAway, .keepAliveTimeout, .unresponsive, .socket,
            .left:
            self = .unavailable
        case .protocolViolation: self = .notEtcd
        case .closedLocally: self = .closed
        }
    }

    fileprivate init(_ failure: TLSFailure) {
        switch failure {
        case .certificateUntrusted, .certificateExpired, .certificateNotYetValid,
            .hostNameMismatch:
            self = .certificateRejected
        case .peerAlert(let alert):
            self = alert.isAboutClientCertificate ? .certificateRejected : .tlsFailed
        case .noALPN:
            self = .notEtcd
        case .emptyPath, .unreadableFile, .keyFileReadableByOthers, .invalidPEM, .encryptedKey,
            .incompleteIdentity, .keyMismatch, .ownCertificateExpired, .ownCertificateNotYetValid,
            .protocolVersion, .notTLS, .truncated, .handshake:
            self = .tlsFailed
        }
    }
}
