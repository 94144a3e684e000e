// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// What a request body has to offer at the moment.
enum HTTP2BodyChunk {
    /// This many bytes were written; more may follow.
    case bytes(Int)
    /// This many bytes were written, and they were the last.
    case end(Int)
    /// Nothing now; ``HTTP2Session/resume(_:)`` when there is.
    case pending
}

/// One stream of a session: the session calls, the subclass reacts.
///
/// A class and not a protocol, for the calls are on the hot path. All methods are called on the
/// thread that uses the session, from within ``HTTP2Session/receive(_:)`` or
/// ``HTTP2Session/nextOutput()``.
class HTTP2Stream {
    /// Set by ``HTTP2Session/submit(_:headers:)``; 0 before.
    final var id: Int32 = 0
    /// Whether the HEADERS frame was made: before that the peer cannot know of the stream.
    final var wasSent = false
    /// Kept until the stream is closed; see ``HTTP2Headers``.
    final var headers: HTTP2Headers?

    func received(headerName: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {}
    func receivedHeadersEnd(isStreamEnd: Bool) {}
    func received(data: UnsafeRawBufferPointer) {}
    func receivedDataEnd() {}
    /// The stream is gone; no call follows.
    func closed(errorCode: UInt32) {}
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> HTTP2BodyChunk { .end(0) }
}
