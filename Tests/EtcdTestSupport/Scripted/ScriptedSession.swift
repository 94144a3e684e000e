// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitNGHTTP2

/// The server's end of an HTTP/2 connection, from bytes to bytes, that does what a test says.
///
/// Knows frames and faults, and nothing of etcd.
@safe
package final class ScriptedSession {
    /// What the session announces and how it treats its window.
    package struct Options: Sendable {
        package var maximumConcurrentStreams: UInt32?
        package var initialWindowSize: UInt32?
        /// Whether to give window back for data by itself.
        package var updatesWindows = true
        /// Whether to send SETTINGS, as every server must.
        package var sendsSettings = true

        package init(
            maximumConcurrentStreams: UInt32? = nil,
            initialWindowSize: UInt32? = nil,
            updatesWindows: Bool = true,
            sendsSettings: Bool = true
        ) {
            self.maximumConcurrentStreams = maximumConcurrentStreams
            self.initialWindowSize = initialWindowSize
            self.updatesWindows = updatesWindows
            self.sendsSettings = sendsSettings
        }
    }

    /// What is still to be sent on a stream.
    private enum Part {
        case data(ArraySlice<UInt8>)
        case trailers([ScriptedHeader])
        case end
    }

    private var session: OpaquePointer?
    private var parts: [Int32: [Part]] = [:]
    private var requestHeaders: [Int32: [ScriptedHeader]] = [:]
    private var events: [ScriptedEvent] = []
    private var rawOutput: [UInt8] = []
    /// What nghttp2 says about bytes it could not bear.
    package private(set) var failure: String?

    package init(_ options: Options = Options()) {
        var callbacks: OpaquePointer?
        var settings: [nghttp2_settings_entry] = []
        unsafe nghttp2_session_callbacks_new(&callbacks)
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrame)
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onData)
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onClose)
        var option: OpaquePointer?
        unsafe nghttp2_option_new(&option)
        unsafe nghttp2_option_set_no_auto_window_update(option, options.updatesWindows ? 0 : 1)
        unsafe nghttp2_session_server_new2(
            &session,
            callbacks,
            Unmanaged.passUnretained(self).toOpaque(),
            option
        )
        unsafe nghttp2_option_del(option)
        unsafe nghttp2_session_callbacks_del(callbacks)
        if let limit = options.maximumConcurrentStreams {
            settings.append(Self.setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limit))
        }
        if let size = options.initialWindowSize {
            settings.append(Self.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, size))
        }
        if options.sendsSettings {
            unsafe nghttp2_submit_settings(session, 0, settings, settings.count)
        }
    }

    deinit {
        unsafe nghttp2_session_del(session)
    }

    private static func setting(
        _ id: nghttp2_settings_id,
        _ value: UInt32
    ) -> nghttp2_settings_entry {
        nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
    }

    // MARK: Bytes

    /// Takes what the client sent.
    package func receive(_ bytes: [UInt8]) {
        let count = unsafe nghttp2_session_mem_recv(session, bytes, bytes.count)
        if count < 0, failure == nil {
            failure = unsafe String(cString: nghttp2_strerror(Int32(count)))
            events.append(.raw(bytes))
        }
    }

    /// What the client is to receive.
    package func drainOutgoing() -> [UInt8] {
        var output = rawOutput
        rawOutput = []
        while true {
            var pointer: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &pointer)
            guard count > 0 else {
                break
            }
            unsafe output.append(contentsOf: UnsafeBufferPointer(start: pointer, count: count))
        }
        return output
    }

    /// What happened since this was last asked.
    package func takeEvents() -> [ScriptedEvent] {
        defer { events = [] }
        return events
    }

    // MARK: What a script says

    /// Sends response headers; more follows unless they end the stream.
    package func sendHeaders(
        _ headers: [ScriptedHeader],
        on stream: Int32,
        endsStream: Bool = false
    ) {
        unsafe withFields(headers) { fields in
            if endsStream {
                unsafe nghttp2_submit_response(
                    session,
                    stream,
                    fields.baseAddress,
                    fields.count,
                    nil
                )
            } else {
                var provider = unsafe nghttp2_data_provider()
                unsafe provider.read_callback = readParts
                unsafe nghttp2_submit_response(
                    session,
                    stream,
                    fields.baseAddress,
                    fields.count,
                    &provider
                )
            }
        }
    }

    /// Sends bytes in a DATA frame of their own (or several, if the window demands it).
    package func sendData(_ bytes: [UInt8], on stream: Int32, endsStream: Bool = false) {
        parts[stream, default: []].append(.data(bytes[...]))
        if endsStream {
            parts[stream, default: []].append(.end)
        }
        unsafe nghttp2_session_resume_data(session, stream)
    }

    /// Ends the stream with trailers.
    package func sendTrailers(_ trailers: [ScriptedHeader], on stream: Int32) {
        parts[stream, default: []].append(.trailers(trailers))
        unsafe nghttp2_session_resume_data(session, stream)
    }

    package func reset(_ stream: Int32, code: UInt32) {
        unsafe nghttp2_submit_rst_stream(session, 0, stream, code)
    }

    package func goAway(lastStream: Int32, code: UInt32 = 0, message: String = "") {
        let bytes = Array(message.utf8)
        unsafe nghttp2_submit_goaway(session, 0, lastStream, code, bytes, bytes.count)
    }

    package func ping() {
        unsafe nghttp2_submit_ping(session, 0, nil)
    }

    package func setMaximumConcurrentStreams(_ limit: UInt32) {
        let setting = Self.setting(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limit)
        unsafe nghttp2_submit_settings(session, 0, [setting], 1)
    }

    package func setInitialWindowSize(_ size: UInt32) {
        let setting = Self.setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, size)
        unsafe nghttp2_submit_settings(session, 0, [setting], 1)
    }

    /// Gives the client window; stream 0 is the connection.
    package func giveWindow(_ increment: Int32, on stream: Int32) {
        unsafe nghttp2_submit_window_update(session, 0, stream, increment)
    }

    /// Sends bytes as they are, after all frames so far.
    package func sendRaw(_ bytes: [UInt8]) {
        rawOutput = drainOutgoing() + bytes
    }

    /// Makes the frames asked for so far before any others: nghttp2 prefers some kinds.
    package func settleOrder() {
        rawOutput = drainOutgoing()
    }

    private func withFields(
        _ headers: [ScriptedHeader],
        _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Void
    ) {
        // One block of text, copied by nghttp2 before it returns.
        var text: [UInt8] = headers.flatMap { Array($0.name.utf8) + Array($0.value.utf8) }
        unsafe text.withUnsafeMutableBufferPointer { text in
            var offset = 0
            func take(_ count: Int) -> UnsafeMutablePointer<UInt8>? {
                defer { offset += count }
                return unsafe text.baseAddress.map { unsafe $0 + offset }
            }
            var fields = unsafe headers.map { header in
                let (name, value) = (header.name.utf8.count, header.value.utf8.count)
                return unsafe nghttp2_nv(
                    name: take(name),
                    value: take(value),
                    namelen: name,
                    valuelen: value,
                    flags: 0
                )
            }
            unsafe fields.withUnsafeMutableBufferPointer { unsafe body($0) }
        }
    }

    // MARK: Called by nghttp2, within receive and drainOutgoing

    fileprivate func received(_ header: ScriptedHeader, on stream: Int32) {
        requestHeaders[stream, default: []].append(header)
    }

    @unsafe
    fileprivate func received(_ frame: UnsafePointer<nghttp2_frame>) {
        let header = unsafe frame.pointee.hd
        let flags = UInt32(header.flags)
        let isAcknowledgement = flags & NGHTTP2_FLAG_ACK.rawValue != 0
        switch UInt32(header.type) {
        case NGHTTP2_HEADERS.rawValue:
            let headers = requestHeaders.removeValue(forKey: header.stream_id) ?? []
            events.append(.request(stream: header.stream_id, headers: headers))
        case NGHTTP2_SETTINGS.rawValue:
            events.append(isAcknowledgement ? .settingsAcknowledged : .settings)
        case NGHTTP2_PING.rawValue:
            events.append(isAcknowledgement ? .pingAcknowledged : .ping)
        case NGHTTP2_RST_STREAM.rawValue:
            let code = unsafe frame.pointee.rst_stream.error_code
            events.append(.reset(stream: header.stream_id, code: code))
        case NGHTTP2_GOAWAY.rawValue:
            events.append(.goAway(code: unsafe frame.pointee.goaway.error_code))
        case NGHTTP2_WINDOW_UPDATE.rawValue:
            let increment = unsafe frame.pointee.window_update.window_size_increment
            events.append(.windowUpdate(stream: header.stream_id, increment: Int(increment)))
        default:
            break
        }
        let type = UInt32(header.type)
        if flags & NGHTTP2_FLAG_END_STREAM.rawValue != 0,
            type == NGHTTP2_HEADERS.rawValue || type == NGHTTP2_DATA.rawValue
        {
            events.append(.endOfStream(header.stream_id))
        }
    }

    fileprivate func received(_ bytes: [UInt8], on stream: Int32) {
        events.append(.data(stream: stream, bytes: bytes))
    }

    fileprivate func closed(_ stream: Int32) {
        parts[stream] = nil
        events.append(.streamClosed(stream))
    }

    /// Each call makes one DATA frame.
    @unsafe
    fileprivate func fill(
        _ buffer: UnsafeMutableBufferPointer<UInt8>,
        on stream: Int32,
        flags: inout UInt32
    ) -> Int {
        guard let part = parts[stream]?.first else {
            return Int(NGHTTP2_ERR_DEFERRED.rawValue)
        }
        var count = 0
        if case .data(let bytes) = part {
            count = min(bytes.count, buffer.count)
            unsafe bytes.withUnsafeBytes { bytes in
                unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[..<count])
                )
            }
            if count < bytes.count {
                parts[stream]?[0] = .data(bytes.dropFirst(count))
                return count
            }
            parts[stream]?.removeFirst()
        }
        switch parts[stream]?.first {
        case .end:
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue
        case .trailers(let trailers):
            flags |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            unsafe withFields(trailers) { fields in
                unsafe nghttp2_submit_trailer(session, stream, fields.baseAddress, fields.count)
            }
        case .data, nil:
            break
        }
        return count
    }
}

// nghttp2's callbacks. The context is the session, unretained: it outlives nghttp2's.

private func session(_ context: UnsafeMutableRawPointer?) -> ScriptedSession? {
    unsafe context.map {
        unsafe Unmanaged<ScriptedSession>.fromOpaque($0).takeUnretainedValue()
    }
}

private func onHeader(
    _: OpaquePointer?,
    frame: UnsafePointer<nghttp2_frame>?,
    name: UnsafePointer<UInt8>?,
    nameLength: Int,
    value: UnsafePointer<UInt8>?,
    valueLength: Int,
    _: UInt8,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    let header = unsafe ScriptedHeader(
        String(decoding: UnsafeBufferPointer(start: name, count: nameLength), as: UTF8.self),
        String(decoding: UnsafeBufferPointer(start: value, count: valueLength), as: UTF8.self)
    )
    if let stream = unsafe frame?.pointee.hd.stream_id {
        unsafe session(context)?.received(header, on: stream)
    }
    return 0
}

private func onFrame(
    _: OpaquePointer?,
    frame: UnsafePointer<nghttp2_frame>?,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    if let frame = unsafe frame {
        unsafe session(context)?.received(frame)
    }
    return 0
}

private func onData(
    _: OpaquePointer?,
    _: UInt8,
    stream: Int32,
    data: UnsafePointer<UInt8>?,
    count: Int,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    let bytes = unsafe Array(UnsafeBufferPointer(start: data, count: count))
    unsafe session(context)?.received(bytes, on: stream)
    return 0
}

private func onClose(
    _: OpaquePointer?,
    stream: Int32,
    _: UInt32,
    context: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe session(context)?.closed(stream)
    return 0
}

private func readParts(
    _: OpaquePointer?,
    stream: Int32,
    buffer: UnsafeMutablePointer<UInt8>?,
    length: Int,
    flags: UnsafeMutablePointer<UInt32>?,
    _: UnsafeMutablePointer<nghttp2_data_source>?,
    context: UnsafeMutableRawPointer?
) -> Int {
    guard let session = unsafe session(context), let flags = unsafe flags else {
        return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
    }
    return unsafe session.fill(
        UnsafeMutableBufferPointer(start: buffer, count: length),
        on: stream,
        flags: &flags.pointee
    )
}
