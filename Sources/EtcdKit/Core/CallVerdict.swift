// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// What a failed call proves, and what to do about it.
///
/// A write may be repeated only when it is proven that nothing was executed. Codes prove nothing:
/// UNAVAILABLE comes before and after execution alike. So each failure is judged by what happened.
struct CallVerdict {
    let execution: ServerMessage.Execution
    let remedy: ServerMessage.Remedy
    let error: EtcdError
    /// Whether the connection gave the call back, so that it goes on elsewhere.
    let isMove: Bool

    /// - Parameters:
    ///   - failure: what happened.
    ///   - method: the method called.
    ///   - since: the first etcd release that has the method; nil: all have it.
    ///   - endpoint: where.
    init(
        _ failure: CallFailure,
        of method: GRPCMethod,
        since: String? = nil,
        endpoint: Endpoint
    ) {
        self.isMove = if case .connection(.unresponsive) = failure.reason { true } else { false }
        self.error =
            failure.isOfAbsentMethod
            ? .absent(method, since: since, endpoint: endpoint)
            : EtcdError(failure, endpoint: endpoint)
        switch failure.reason {
        case .status(let status):
            let message = ServerMessage(status.message, status: status.code)
            self.execution = failure.isProvenUnprocessed ? .no : message.execution
            self.remedy = message.remedy
        case .connection, .streamReset:
            self.execution = failure.isProvenUnprocessed ? .no : .unknown
            self.remedy = .elsewhere
        case .deadlineExceeded:
            self.execution = failure.isProvenUnprocessed ? .no : .unknown
            // Whether to go elsewhere depends on how long there was no answer.
            self.remedy = .later
        case .moved:
            self.execution = failure.isProvenUnprocessed ? .no : .unknown
            // What speaks against the endpoint, if anything does, the pool knows already.
            self.remedy = .later
        case .cancelled:
            self.execution = failure.isProvenUnprocessed ? .no : .unknown
            self.remedy = .none
        case .messageTooLarge(_, _, let isOutgoing):
            self.execution = isOutgoing ? .no : .unknown
            self.remedy = .none
        case .malformedAnswer(let what):
            // Who refuses with an HTTP status has not looked at the message.
            let isRefusal = what.hasPrefix("HTTP status 4")
            self.execution = isRefusal || failure.isProvenUnprocessed ? .no : .unknown
            self.remedy = .notHere
        }
    }
}

extension CallVerdict {
    /// Another cluster has answered a call that changes nothing.
    init(ofForeignCluster error: EtcdError) {
        self.execution = .no
        self.remedy = .elsewhere
        self.error = error
        self.isMove = false
    }
}

extension CallFailure {
    /// Whether the server has no such method.
    ///
    /// Other words with UNIMPLEMENTED mean a method that is there and cannot do what was asked.
    fileprivate var isOfAbsentMethod: Bool {
        guard case .status(let status) = self.reason else { return false }
        return ServerMessage.isOfAbsentMethod(status.message)
            || status.code == .unimplemented && status.message.isEmpty
    }
}
