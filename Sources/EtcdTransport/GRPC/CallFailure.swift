// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a call did not produce an answer.
package struct CallFailure: Error, Sendable {
    package enum Reason: Sendable {
        /// The server's own answer, with a code other than OK.
        case status(GRPCStatus)
        /// The connection was lost, or could not be used.
        case connection(ConnectionFailure)
        /// The server reset the stream with this HTTP/2 error code.
        case streamReset(UInt32)
        /// The deadline given with the call passed.
        case deadlineExceeded
        /// The caller cancelled.
        case cancelled
        /// This side ended the stream, for its owner to open it again on another connection or
        /// with other credentials.
        case moved
        /// A message is over the limit of its direction.
        case messageTooLarge(size: Int, limit: Int, outgoing: Bool)
        /// The answer is not that of a gRPC server.
        case malformedAnswer(String)
    }

    package var reason: Reason

    /// Whether it is proven that no handler on the server saw the request.
    ///
    /// True when no HEADERS frame was sent, for REFUSED_STREAM, and for a stream above the last one
    /// of a GOAWAY (RFC 9113, sections 8.7 and 6.8).
    package var isProvenUnprocessed: Bool

    package init(_ reason: Reason, isProvenUnprocessed: Bool) {
        self.reason = reason
        self.isProvenUnprocessed = isProvenUnprocessed
    }
}
