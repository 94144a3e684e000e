// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What happens on a stream that stays open, in order; `closed` comes once and last.
package enum GRPCStreamEvent: Sendable {
    /// The server accepted the stream: its response headers arrived.
    case opened
    /// One message, without its prefix.
    case message([UInt8])
    /// The end; `nil` when the status was OK.
    case closed(CallFailure?)
}

/// Who gives the flow-control window back for what a stream received.
package enum GRPCStreamFlowControl: Sendable {
    /// The connection, as soon as the event handler has returned.
    case automatic
    /// The owner, by ``GRPCStream/consumed(_:)``.
    ///
    /// What waits for the owner then is bounded by the stream's window and one message of the
    /// largest size.
    case manual
}

/// A handle on a call with a stream of messages in one or both directions.
///
/// Thread-safe. Every method returns at once; the work is done on the connection's event loop in
/// the order of the calls.
package final class GRPCStream: Sendable {
    private let connection: Connection
    private let call: GRPCCall

    init(connection: Connection, call: GRPCCall) {
        self.connection = connection
        self.call = call
    }

    /// Queues a message.
    ///
    /// The first five bytes are room for gRPC's prefix.
    package func send(framed message: [UInt8]) {
        self.connection.submit(.send(self.call, message))
    }

    /// Says that no more messages follow.
    package func finishSending() {
        self.connection.submit(.finishSending(self.call))
    }

    /// Resets the stream (RST_STREAM, CANCEL).
    ///
    /// The handler gets `closed` with `cancelled`.
    package func cancel() {
        self.connection.submit(.cancel(self.call))
    }

    /// Gives the window for this many bytes of messages back, five for each prefix included; for
    /// manual flow control only.
    package func consumed(_ byteCount: Int) {
        self.connection.submit(.consumed(self.call, byteCount))
    }
}
