// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// One call of a client, for those who observe it.
///
/// Used by the task that makes the call.
final class CallObservation {
    private let instruments: ClientInstruments
    private let method: GRPCMethod
    private let span: CallSpan?
    private let start = ContinuousClock.now
    private var retries = 0
    private var status: Int?
    private var isOver = false

    init(_ method: GRPCMethod, _ instruments: ClientInstruments) {
        self.instruments = instruments
        self.method = method
        self.span = instruments.startSpan?(method)
    }

    deinit {
        // An iteration that was given up.
        self.end(CancellationError())
    }

    /// The headers of an attempt, with those of the trace.
    func headers(_ metadata: GRPCMetadata) -> GRPCMetadata {
        guard let span = self.span, !span.headers.isEmpty else { return metadata }
        return GRPCMetadata(metadata.entries + span.headers, isForOneCall: true)
    }

    /// The call goes to this endpoint.
    func attempted(_ endpoint: Endpoint) {
        self.span?.attempted(endpoint)
    }

    /// An attempt failed.
    func attemptFailed(_ failure: CallFailure) {
        self.status =
            switch failure.reason {
            case .status(let status): status.code.rawValue
            case .deadlineExceeded: GRPCStatus.Code.deadlineExceeded.rawValue
            case .cancelled: GRPCStatus.Code.cancelled.rawValue
            case .connection, .moved: GRPCStatus.Code.unavailable.rawValue
            case .streamReset, .malformedAnswer: GRPCStatus.Code.internalError.rawValue
            case .messageTooLarge: GRPCStatus.Code.resourceExhausted.rawValue
            }
    }

    /// Another attempt follows the one that failed.
    func retried(after failure: CallFailure, at endpoint: Endpoint) {
        self.retries += 1
        self.span?.retried(EtcdError(failure, endpoint: endpoint))
    }

    /// The call is over, by an error if one is given; told once.
    func end(_ error: (any Error)? = nil) {
        guard !self.isOver else { return }
        self.isOver = true
        let outcome =
            switch error {
            case nil: "ok"
            case let error as EtcdError: error.code.description
            default: "cancelled"
            }
        self.instruments.record?(
            .call(
                self.method,
                outcome: outcome,
                duration: ContinuousClock.now - self.start,
                retries: self.retries
            )
        )
        self.span?.ended(error == nil ? GRPCStatus.Code.ok.rawValue : self.status, outcome, error)
    }
}

extension ClientCore {
    /// What tells of a call to those who observe the client; nil if nobody does.
    func observation(of method: GRPCMethod) -> CallObservation? {
        self.instruments.map { CallObservation(method, $0) }
    }
}
