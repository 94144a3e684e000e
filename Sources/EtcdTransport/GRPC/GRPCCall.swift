// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitNGHTTP2

/// One call: from stream events to messages and a status.
///
/// `@unchecked Sendable`: made on the caller's thread, handed to the connection by its inbox, and
/// touched on the event loop's thread only from then on.
final class GRPCCall: HTTP2Stream, @unchecked Sendable {
    /// Who gets the answer.
    @safe
    enum Receiver {
        case unary(UnsafeContinuation<Result<[UInt8], CallFailure>, Never>)
        case stream(@Sendable (GRPCStreamEvent) -> Void)
    }

    let method: GRPCMethod
    let metadata: GRPCMetadata
    let deadline: ContinuousClock.Instant?
    let flowControl: GRPCStreamFlowControl
    /// Whether its owner opens it again elsewhere; set before the call is handed over.
    var isMovable = false
    let conduct: CallConduct
    /// When the call was made, on the caller's thread; the connection may get it a little later.
    let startedAt: ContinuousClock.Instant = .now
    private var answers: AnswerLog?
    /// Set before the call is handed over; nil once the end was told.
    var receiver: Receiver?
    /// The connection has the call.
    ///
    /// Until then `receiver` still belongs to the caller's thread.
    private var hasBegun = false
    private var isCancelledEarly = false

    /// Until the end was told; the session holds the call for as long.
    private var session: HTTP2Session?
    private let receiveLimit: Int
    private var assembler: MessageAssembler
    private var credit = StreamCredit()
    private var answer: [UInt8]?

    private var outgoing: [[UInt8]]
    private var outgoingOffset = 0
    private var isOutgoingFinished: Bool

    private var httpStatus = 0
    private var contentType = ContentType.missing
    private var hasHeaders = false
    private var interimHeaders = 0
    private static let interimHeadersLimit = 16
    private var status: Int?
    private var statusMessage: [UInt8] = []

    private enum ContentType: Equatable {
        case missing
        case grpc
        case other(String)
    }

    init(
        method: GRPCMethod,
        metadata: GRPCMetadata,
        deadline: ContinuousClock.Instant?,
        message: [UInt8]?,
        flowControl: GRPCStreamFlowControl = .automatic,
        conduct: CallConduct = CallConduct(),
        receiveLimit: Int
    ) {
        self.method = method
        self.metadata = metadata
        self.deadline = deadline
        self.flowControl = flowControl
        self.conduct = conduct
        self.receiveLimit = receiveLimit
        self.assembler = MessageAssembler(limit: receiveLimit)
        self.outgoing = message.map { [Self.prefixed($0)] } ?? []
        self.isOutgoingFinished = message != nil
    }

    /// Fills in the five bytes that were left at the front.
    private static func prefixed(_ message: consuming [UInt8]) -> [UInt8] {
        let count = message.count - 5
        message[0] = 0
        message[1] = UInt8(truncatingIfNeeded: count >> 24)
        message[2] = UInt8(truncatingIfNeeded: count >> 16)
        message[3] = UInt8(truncatingIfNeeded: count >> 8)
        message[4] = UInt8(truncatingIfNeeded: count)
        return message
    }

    var isFinished: Bool { self.receiver == nil }

    /// Whether somebody waits for one answer.
    var isUnary: Bool {
        if case .unary = self.receiver { true } else { false }
    }

    // MARK: From the connection

    /// The connection takes the call over.
    ///
    /// - Returns: False when the call was cancelled on its way; it is finished then.
    func begin() -> Bool {
        self.hasBegun = true
        if self.isCancelledEarly {
            self.abort(.cancelled)
        }
        return !self.isCancelledEarly
    }

    /// The caller has lost interest.
    ///
    /// May come before ``begin()``.
    func cancel() {
        if self.hasBegun {
            self.abort(.cancelled)
        } else {
            self.isCancelledEarly = true
        }
    }

    /// Opens the stream.
    func start(on session: HTTP2Session, headers: HTTP2Headers, answers: AnswerLog) {
        if session.submit(self, headers: headers) {
            self.session = session
            self.answers = answers
        } else {
            self.finish(
                .failure(
                    CallFailure(
                        .connection(.goAway(code: 0, message: "")),
                        isProvenUnprocessed: true
                    )
                )
            )
        }
    }

    func send(_ message: consuming [UInt8]) {
        guard !self.isFinished, !self.isOutgoingFinished else {
            return
        }
        self.outgoing.append(Self.prefixed(message))
        self.session?.resume(self)
    }

    func finishSending() {
        guard !self.isFinished, !self.isOutgoingFinished else {
            return
        }
        self.isOutgoingFinished = true
        self.session?.resume(self)
    }

    /// The owner has used up messages of this size, prefixes included.
    func consumed(_ count: Int) {
        self.giveBack(self.credit.consumed(count, isWithinMessage: !self.assembler.isAtBoundary))
    }

    private func giveBack(_ count: Int) {
        guard count > 0 else { return }
        self.session?.consumed(count, on: self)
    }

    /// Ends the call from this side: the stream is reset, the receiver told.
    func abort(_ reason: CallFailure.Reason) {
        guard !self.isFinished else {
            return
        }
        self.session?.reset(self, errorCode: NGHTTP2_CANCEL)
        self.finish(
            .failure(CallFailure(reason, isProvenUnprocessed: !self.wasSent))
        )
    }

    /// The connection is gone.
    func connectionLost(_ failure: ConnectionFailure) {
        self.finish(
            .failure(CallFailure(.connection(failure), isProvenUnprocessed: !self.wasSent))
        )
    }

    // MARK: From the session

    override func fill(_ buffer: UnsafeMutableRawBufferPointer) -> HTTP2BodyChunk {
        var filled = 0
        while let message = self.outgoing.first, filled < buffer.count {
            let count = min(message.count - self.outgoingOffset, buffer.count - filled)
            unsafe message.withUnsafeBytes { bytes in
                let part = unsafe bytes[self.outgoingOffset..<(self.outgoingOffset + count)]
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            }
            filled += count
            self.outgoingOffset += count
            if self.outgoingOffset == message.count {
                self.outgoing.removeFirst()
                self.outgoingOffset = 0
            }
        }
        if self.outgoing.isEmpty && self.isOutgoingFinished {
            return .end(filled)
        }
        return filled > 0 ? .bytes(filled) : .pending
    }

    override func received(headerName: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if unsafe headerName.elementsEqual(":status".utf8) {
            self.httpStatus = unsafe Self.number(value) ?? 0
        } else if unsafe headerName.elementsEqual("content-type".utf8) {
            if unsafe value.starts(with: "application/grpc".utf8) {
                self.contentType = .grpc
            } else {
                self.contentType = .other(
                    unsafe String(decoding: value.prefix(64), as: UTF8.self)
                )
            }
        } else if unsafe headerName.elementsEqual("grpc-status".utf8) {
            self.status = unsafe Self.number(value) ?? GRPCStatus.Code.unknown.rawValue
        } else if unsafe headerName.elementsEqual("grpc-message".utf8) {
            self.statusMessage = unsafe PercentEncoding.decode(value.prefix(8 << 10))
        }
    }

    override func receivedHeadersEnd(isStreamEnd: Bool) {
        if !self.hasHeaders {
            // 1xx is followed by the real headers (RFC 9113, section 8.1).
            if (100..<200).contains(self.httpStatus) {
                self.interimHeaders += 1
                if self.interimHeaders > Self.interimHeadersLimit {
                    self.reject(.malformedAnswer("endless interim headers"))
                }
                return
            }
            self.hasHeaders = true
            self.answers?.tookRoundTrip(since: self.startedAt)
            if let problem = self.headerProblem {
                self.reject(.malformedAnswer(problem))
                return
            }
            if case .stream(let handler) = self.receiver, !isStreamEnd {
                handler(.opened)
            }
        }
        if isStreamEnd {
            self.receivedEnd()
        }
    }

    private var headerProblem: String? {
        switch self.contentType {
        case .grpc:
            // Trailers-only answers may come with another status, and the gRPC status says more.
            return self.httpStatus == 200 || self.status != nil
                ? nil : "HTTP status \(self.httpStatus)"
        case .other(let type):
            let printable = String(type.unicodeScalars.filter { $0.isASCII && $0.value >= 32 })
            return "HTTP status \(self.httpStatus), content type \(printable)"
        case .missing:
            return self.httpStatus == 200 && self.status != nil
                ? nil : "HTTP status \(self.httpStatus), no content type"
        }
    }

    override func received(data: UnsafeRawBufferPointer) {
        guard !self.isFinished else {
            return
        }
        if self.conduct.provesService { self.answers?.answered() }
        do {
            try unsafe self.assembler.receive(data) { self.received(message: $0) }
        } catch {
            switch error {
            case .compressed:
                self.reject(.malformedAnswer("a compressed message, which was not offered"))
            case .tooLarge(let size):
                self.reject(
                    .messageTooLarge(size: size, limit: self.receiveLimit, outgoing: false)
                )
            }
            return
        }
        switch self.flowControl {
        case .automatic:
            self.giveBack(data.count)
        case .manual:
            self.giveBack(
                self.credit.received(
                    data.count,
                    isWithinMessage: !self.assembler.isAtBoundary
                )
            )
        }
    }

    private func received(message: consuming [UInt8]) {
        switch self.receiver {
        case .unary:
            if self.answer == nil {
                self.answer = message
            } else {
                self.reject(.malformedAnswer("more than one message for a unary call"))
            }
        case .stream(let handler):
            self.credit.completed(message.count + 5)
            handler(.message(message))
        case nil:
            break
        }
    }

    override func receivedDataEnd() {
        self.receivedEnd()
    }

    /// The server's side of the stream has ended: what it said decides.
    private func receivedEnd() {
        guard !self.isFinished else {
            return
        }
        guard let status = self.status else {
            self.reject(.malformedAnswer("the stream ended without a gRPC status"))
            return
        }
        if !self.isOutgoingFinished || !self.outgoing.isEmpty {
            // The server is done with a request that we have not finished: let it go.
            self.session?.reset(self, errorCode: NGHTTP2_NO_ERROR)
        }
        // A refusal may come before the member has asked the others.
        if status == 0, self.conduct.provesService { self.answers?.answered() }
        guard status == 0 else {
            let message = String(decoding: self.statusMessage, as: UTF8.self)
            self.finish(
                .failure(
                    CallFailure(
                        .status(GRPCStatus(code: .init(rawValue: status), message: message)),
                        isProvenUnprocessed: false
                    )
                )
            )
            return
        }
        guard self.assembler.isAtBoundary else {
            self.reject(.malformedAnswer("the stream ended within a message"))
            return
        }
        self.finish(.success(()))
    }

    override func closed(errorCode: UInt32) {
        guard !self.isFinished else {
            return
        }
        let isRefused = errorCode == NGHTTP2_REFUSED_STREAM.rawValue
        let reason: CallFailure.Reason =
            errorCode == NGHTTP2_NO_ERROR.rawValue
            ? .malformedAnswer("the stream ended without a gRPC status")
            : .streamReset(errorCode)
        self.finish(
            .failure(CallFailure(reason, isProvenUnprocessed: isRefused || !self.wasSent))
        )
    }

    /// The answer is unusable: the stream is reset, the receiver told.
    private func reject(_ reason: CallFailure.Reason) {
        guard !self.isFinished else {
            return
        }
        self.session?.reset(self, errorCode: NGHTTP2_CANCEL)
        self.finish(.failure(CallFailure(reason, isProvenUnprocessed: false)))
    }

    /// Tells the receiver, once.
    private func finish(_ outcome: Result<Void, CallFailure>) {
        self.session = nil
        switch self.receiver.take() {
        case .unary(let continuation):
            switch (outcome, self.answer) {
            case (.success, let answer?):
                unsafe continuation.resume(returning: .success(answer))
            case (.success, nil):
                unsafe continuation.resume(
                    returning: .failure(
                        CallFailure(
                            .malformedAnswer("no message for a unary call"),
                            isProvenUnprocessed: false
                        )
                    )
                )
            case (.failure(let failure), _):
                unsafe continuation.resume(returning: .failure(failure))
            }
        case .stream(let handler):
            switch outcome {
            case .success:
                handler(.closed(nil))
            case .failure(let failure):
                handler(.closed(failure))
            }
        case nil:
            break
        }
    }

    private static func number(_ text: UnsafeRawBufferPointer) -> Int? {
        guard unsafe !text.isEmpty, text.count <= 9 else {
            return nil
        }
        var number = 0
        for index in text.indices {
            let byte = unsafe text[index]
            guard (0x30...0x39).contains(byte) else {
                return nil
            }
            number = number * 10 + Int(byte - 0x30)
        }
        return number
    }
}
