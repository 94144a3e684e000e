// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport
import EtcdTransport
import Testing

let method = GRPCMethod(service: "test.Service", method: "Method")

extension Connection {
    /// A unary call with this message.
    nonisolated func call(
        _ message: [UInt8] = [],
        deadline: ContinuousClock.Instant? = nil
    ) async throws(CallFailure) -> [UInt8] {
        try await unary(
            method,
            framed: [0, 0, 0, 0, 0] + message,
            metadata: .none,
            deadline: deadline
        )
    }

    /// Opens a stream whose events can be waited for.
    nonisolated func open(
        flowControl: GRPCStreamFlowControl = .automatic,
        deadline: ContinuousClock.Instant? = nil
    ) -> RecordedStream {
        let (events, continuation) = AsyncStream.makeStream(of: GRPCStreamEvent.self)
        let stream = openStream(
            method,
            metadata: .none,
            flowControl: flowControl,
            deadline: deadline
        ) {
            continuation.yield($0)
        }
        return RecordedStream(stream: stream, events: events.makeAsyncIterator())
    }
}

/// A stream with the events that it had.
struct RecordedStream {
    let stream: GRPCStream
    var events: AsyncStream<GRPCStreamEvent>.Iterator

    func send(_ message: [UInt8]) {
        stream.send(framed: [0, 0, 0, 0, 0] + message)
    }

    mutating func next() async throws -> GRPCStreamEvent {
        try #require(await events.next(isolation: nil))
    }

    mutating func expectOpened(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let event = try await next()
        guard case .opened = event else {
            Issue.record("not opened: \(event)", sourceLocation: sourceLocation)
            return
        }
    }

    /// The next event, which must be a message.
    mutating func message(
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [UInt8] {
        let event = try await next()
        guard case .message(let message) = event else {
            Issue.record("not a message: \(event)", sourceLocation: sourceLocation)
            return []
        }
        return message
    }

    /// The next event, which must be the end; nil when that was in order.
    mutating func end(
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> CallFailure? {
        let event = try await next()
        guard case .closed(let failure) = event else {
            Issue.record("not the end: \(event)", sourceLocation: sourceLocation)
            return nil
        }
        return failure
    }
}

extension CallFailure {
    var status: GRPCStatus? {
        if case .status(let status) = reason { status } else { nil }
    }

    var resetCode: UInt32? {
        if case .streamReset(let code) = reason { code } else { nil }
    }

    var connectionFailure: ConnectionFailure? {
        if case .connection(let failure) = reason { failure } else { nil }
    }

    var malformation: String? {
        if case .malformedAnswer(let text) = reason { text } else { nil }
    }

    var isDeadlineExceeded: Bool {
        if case .deadlineExceeded = reason { true } else { false }
    }

    var isCancelled: Bool {
        if case .cancelled = reason { true } else { false }
    }
}
