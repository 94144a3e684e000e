// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitNGHTTP2
import Glibc

/// The client's side of an HTTP/2 connection, without a socket: bytes in, stream events and bytes
/// out.
///
/// Owns nghttp2's session. Not thread-safe: a connection uses it on its event loop. Calls into the
/// session are allowed from a stream's methods, except ``receive(_:)`` and ``nextOutput()``.
@safe
final class HTTP2Session {
    /// What the peer said about the connection as a whole since it was last asked.
    struct Events {
        var receivedSettings = false
        var receivedPong = false
        var goAway: (errorCode: UInt32, message: String)?
    }

    private var session: OpaquePointer?
    private var streams: [Int32: HTTP2Stream] = [:]
    private var events = Events()
    /// What the peer did wrong, in nghttp2's own words, once we have told it so.
    private(set) var violation: String?
    /// Called at once when a GOAWAY arrives, before the calls that it concerns end.
    var onGoAway: (() -> Void)?

    /// Bytes a peer may send on one stream before we give window back.
    static let streamWindow: Int32 = 4 << 20
    /// The same for the connection.
    static let connectionWindow: Int32 = 16 << 20

    /// The largest block of header fields to take, by HPACK's own measure; told to the peer.
    static let headerListLimit = 64 << 10

    /// How much of the block at hand has come.
    private var headerListSize = 0

    /// How many bytes have come since the last that a call could use.
    ///
    /// Data of streams that were reset does not count: the peer could not know.
    var fruitlessByteCount = 0

    /// How much may still come on streams that were reset, at most.
    private var excusedByteCount = 0

    /// Creates the session and queues the preface with our SETTINGS.
    init() {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        // NOMEM is the only error these can give; without memory Swift traps as well.
        let status = unsafe (
            nghttp2_session_callbacks_new(&callbacks), nghttp2_option_new(&options)
        )
        precondition(status.0 == 0 && status.1 == 0, "out of memory")
        defer {
            unsafe nghttp2_session_callbacks_del(callbacks)
            unsafe nghttp2_option_del(options)
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrameReceived)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunk)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
        unsafe nghttp2_session_callbacks_set_before_frame_send_callback(callbacks, beforeFrameSend)
        // Window goes back when the data was used, not when it was received.
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_max_send_header_block_length(options, 64 << 10)
        let created = unsafe nghttp2_session_client_new2(
            &self.session,
            callbacks,
            Unmanaged.passUnretained(self).toOpaque(),
            options
        )
        precondition(created == 0, "out of memory")

        let settings = [
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue),
                value: 0
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue),
                value: UInt32(Self.streamWindow)
            ),
            nghttp2_settings_entry(
                settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
                value: UInt32(Self.headerListLimit)
            ),
        ]
        _ = unsafe nghttp2_submit_settings(
            self.session,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            settings,
            settings.count
        )
        _ = unsafe nghttp2_session_set_local_window_size(
            self.session,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            0,
            Self.connectionWindow
        )
    }

    deinit {
        unsafe nghttp2_session_del(self.session)
    }

    // MARK: Streams

    /// The streams that are open or wait for a place (MAX_CONCURRENT_STREAMS).
    var openStreams: Dictionary<Int32, HTTP2Stream>.Values { self.streams.values }

    var hasOpenStreams: Bool { !self.streams.isEmpty }

    /// Opens a stream, as soon as the peer's MAX_CONCURRENT_STREAMS allows it.
    ///
    /// - Returns: False when the session takes no new streams: GOAWAY was received, or the stream
    ///   numbers are used up.
    func submit(_ stream: HTTP2Stream, headers: HTTP2Headers) -> Bool {
        var provider = unsafe nghttp2_data_provider()
        unsafe provider.read_callback = readBody
        // STREAM_ID_NOT_AVAILABLE when the numbers are used up.
        let id = unsafe headers.withFields { fields in
            unsafe nghttp2_submit_request(
                self.session,
                nil,
                fields.baseAddress,
                fields.count,
                &provider,
                nil
            )
        }
        guard id > 0 else {
            return false
        }
        stream.id = id
        stream.headers = headers
        self.streams[id] = stream
        return true
    }

    /// The stream's body has something to send again.
    func resume(_ stream: HTTP2Stream) {
        // INVALID_ARGUMENT when it was not deferred: it will be asked anyway.
        _ = unsafe nghttp2_session_resume_data(self.session, stream.id)
    }

    /// Ends the stream and forgets it at once; nothing of it is called after this.
    func reset(_ stream: HTTP2Stream, errorCode: nghttp2_error_code) {
        guard let known = self.streams[stream.id], known === stream else {
            return
        }
        _ = unsafe nghttp2_submit_rst_stream(
            self.session,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            stream.id,
            errorCode.rawValue
        )
        self.streams.removeValue(forKey: stream.id)
        self.resetHeaders[stream.id] = stream.headers
        // From now on nghttp2 drops what the peer sends on it without telling of it, also before the
        // RST_STREAM has left.
        self.excuseRestOfStream()
    }

    /// What the peer sends on a stream before it learns of its end is not its fault.
    ///
    /// It cannot be more than the stream's window.
    private func excuseRestOfStream() {
        self.excusedByteCount += Int(Self.streamWindow)
    }

    /// Headers of streams that were reset before nghttp2 told that they are closed.
    private var resetHeaders: [Int32: HTTP2Headers] = [:]

    /// Gives window back for data that was used.
    func consumed(_ count: Int, on stream: HTTP2Stream) {
        _ = unsafe nghttp2_session_consume_stream(self.session, stream.id, count)
    }

    // MARK: Connection

    /// Takes what the peer sent.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(ConnectionFailure) {
        self.fruitlessByteCount += bytes.count
        let count = unsafe nghttp2_session_mem_recv(
            self.session,
            bytes.assumingMemoryBound(to: UInt8.self).baseAddress,
            bytes.count
        )
        if count < 0 {
            let text = unsafe String(cString: nghttp2_strerror(Int32(count)))
            throw .protocolViolation(self.violation ?? text)
        }
        let excused = min(max(self.fruitlessByteCount, 0), self.excusedByteCount)
        self.fruitlessByteCount -= excused
        self.excusedByteCount -= excused
    }

    /// The next bytes for the peer, valid until the next call; nil when there are none.
    func nextOutput() throws(ConnectionFailure) -> UnsafeRawBufferPointer? {
        var pointer: UnsafePointer<UInt8>?
        let count = unsafe nghttp2_session_mem_send(self.session, &pointer)
        if count < 0 {
            let text = unsafe String(cString: nghttp2_strerror(Int32(count)))
            throw .protocolViolation(text)
        }
        return unsafe count == 0 ? nil : UnsafeRawBufferPointer(start: pointer, count: count)
    }

    /// Whether both directions are done, by GOAWAY or by a violation.
    var isFinished: Bool {
        unsafe nghttp2_session_want_read(self.session) == 0
            && nghttp2_session_want_write(self.session) == 0
    }

    func takeEvents() -> Events {
        defer { self.events = Events() }
        return self.events
    }

    func ping() {
        _ = unsafe nghttp2_submit_ping(self.session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// Tells the peer that we open nothing more.
    func goAway() {
        _ = unsafe nghttp2_session_terminate_session(self.session, NGHTTP2_NO_ERROR.rawValue)
    }

    // MARK: Called by nghttp2, on the thread that called us

    fileprivate func stream(_ id: Int32) -> HTTP2Stream? { self.streams[id] }

    fileprivate func received(frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        let isStreamEnd = header.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            self.headerListSize = 0
            guard let stream = self.streams[header.stream_id] else { break }
            self.fruitlessByteCount = 0
            stream.receivedHeadersEnd(isStreamEnd: isStreamEnd)
        case NGHTTP2_DATA.rawValue:
            if isStreamEnd {
                self.streams[header.stream_id]?.receivedDataEnd()
            }
        case NGHTTP2_SETTINGS.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) == 0 {
                self.events.receivedSettings = true
            }
        case NGHTTP2_PING.rawValue:
            if header.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0 {
                self.events.receivedPong = true
            }
        case NGHTTP2_GOAWAY.rawValue:
            let goAway = unsafe frame.pointee.goaway
            let message = unsafe UnsafeBufferPointer(
                start: goAway.opaque_data,
                count: min(goAway.opaque_data_len, 256)
            )
            self.events.goAway = unsafe (
                goAway.error_code, String(decoding: message, as: UTF8.self)
            )
            self.onGoAway?()
        default:
            break
        }
    }

    /// A header field of a stream that is open; false if there are too many.
    fileprivate func received(fieldOf size: Int) -> Bool {
        // Bytes on the wire say nothing of it: a field that both sides know takes one.
        self.headerListSize += size + 32
        guard self.headerListSize <= Self.headerListLimit else {
            self.violation = "more than \(Self.headerListLimit) bytes of headers"
            return false
        }
        return true
    }

    fileprivate func willSend(frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            self.streams[header.stream_id]?.wasSent = true
        case NGHTTP2_RST_STREAM.rawValue:
            // One that `reset(_:errorCode:)` asked for was excused there; this is nghttp2's own.
            if self.resetHeaders[header.stream_id] == nil {
                self.excuseRestOfStream()
            }
        case NGHTTP2_GOAWAY.rawValue:
            let goAway = unsafe frame.pointee.goaway
            if unsafe goAway.error_code != NGHTTP2_NO_ERROR.rawValue {
                let reason = unsafe UnsafeBufferPointer(
                    start: goAway.opaque_data,
                    count: goAway.opaque_data_len
                )
                self.violation = unsafe String(decoding: reason, as: UTF8.self)
            }
        default:
            break
        }
    }

    fileprivate func received(data: UnsafeRawBufferPointer, on id: Int32) {
        // The connection's window is given back at once: one stream that is not read must not
        // stop the others. Its own window is the stream's business.
        _ = unsafe nghttp2_session_consume_connection(self.session, data.count)
        guard let stream = self.streams[id] else {
            self.fruitlessByteCount -= data.count
            return
        }
        self.fruitlessByteCount = 0
        unsafe stream.received(data: data)
    }

    fileprivate func closed(_ id: Int32, errorCode: UInt32) {
        self.resetHeaders.removeValue(forKey: id)
        self.streams.removeValue(forKey: id)?.closed(errorCode: errorCode)
    }
}

// The callbacks of nghttp2. `context` is the session, unretained: it outlives nghttp2's session,
// which its deinit frees, and every callback comes from within one of its methods.

private func session(_ context: UnsafeMutableRawPointer?) -> HTTP2Session {
    // Never nil: set at creation.
    unsafe Unmanaged<HTTP2Session>.fromOpaque(context.unsafelyUnwrapped)._withUnsafeGuaranteedRef {
        $0
    }
}

private func onHeader(
    _: OpaquePointer?,
    frame: UnsafePointer<nghttp2_frame>?,
    name: UnsafePointer<UInt8>?,
    nameLength: Int,
    value: UnsafePointer<UInt8>?,
    valueLength: Int,
    flags: UInt8,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    guard unsafe session(context).received(fieldOf: nameLength + valueLength) else {
        return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
    }
    if let id = unsafe frame?.pointee.hd.stream_id, let stream = unsafe session(context).stream(id)
    {
        unsafe stream.received(
            headerName: UnsafeRawBufferPointer(start: name, count: nameLength),
            value: UnsafeRawBufferPointer(start: value, count: valueLength)
        )
    }
    return 0
}

private func onFrameReceived(
    _: OpaquePointer?,
    frame: UnsafePointer<nghttp2_frame>?,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    if let frame = unsafe frame {
        unsafe session(context).received(frame: frame)
    }
    return 0
}

private func onDataChunk(
    _: OpaquePointer?,
    flags: UInt8,
    id: Int32,
    data: UnsafePointer<UInt8>?,
    length: Int,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe session(context).received(
        data: UnsafeRawBufferPointer(start: data, count: length),
        on: id
    )
    return 0
}

private func onStreamClose(
    _: OpaquePointer?,
    id: Int32,
    errorCode: UInt32,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe session(context).closed(id, errorCode: errorCode)
    return 0
}

private func beforeFrameSend(
    _: OpaquePointer?,
    frame: UnsafePointer<nghttp2_frame>?,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    if let frame = unsafe frame {
        unsafe session(context).willSend(frame: frame)
    }
    return 0
}

private func readBody(
    _: OpaquePointer?,
    id: Int32,
    buffer: UnsafeMutablePointer<UInt8>?,
    length: Int,
    flags: UnsafeMutablePointer<UInt32>?,
    _: UnsafeMutablePointer<nghttp2_data_source>?,
    context: UnsafeMutableRawPointer?
) -> Int {
    guard let stream = unsafe session(context).stream(id) else {
        return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    switch unsafe stream.fill(UnsafeMutableRawBufferPointer(start: buffer, count: length)) {
    case .bytes(let count):
        return count
    case .end(let count):
        unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        return count
    case .pending:
        return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
}
