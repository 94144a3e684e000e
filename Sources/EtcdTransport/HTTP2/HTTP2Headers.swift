// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitNGHTTP2

/// Request headers in the form that nghttp2 takes without copying.
///
/// Prepared once per method and metadata. A stream holds on to its set until it is closed, because
/// nghttp2 keeps the pointers until the frame is made.
@safe
final class HTTP2Headers {
    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let fields: UnsafeMutableBufferPointer<nghttp2_nv>

    init(_ entries: [(name: String, value: String)]) {
        let size = entries.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
        unsafe self.bytes = .allocate(capacity: size)
        unsafe self.fields = .allocate(capacity: entries.count)
        var offset = 0
        for (index, entry) in entries.enumerated() {
            let name = unsafe self.append(entry.name, at: &offset)
            let value = unsafe self.append(entry.value, at: &offset)
            unsafe self.fields.initializeElement(
                at: index,
                to: nghttp2_nv(
                    name: name,
                    value: value,
                    namelen: entry.name.utf8.count,
                    valuelen: entry.value.utf8.count,
                    flags: UInt8(
                        NGHTTP2_NV_FLAG_NO_COPY_NAME.rawValue
                            | NGHTTP2_NV_FLAG_NO_COPY_VALUE.rawValue
                    )
                )
            )
        }
    }

    deinit {
        unsafe self.bytes.deallocate()
        unsafe self.fields.deallocate()
    }

    private func append(_ text: String, at offset: inout Int) -> UnsafeMutablePointer<UInt8>? {
        let start = offset
        for byte in text.utf8 {
            unsafe self.bytes.initializeElement(at: offset, to: byte)
            offset += 1
        }
        return unsafe self.bytes.baseAddress.map { unsafe $0 + start }
    }

    /// Lends the fields.
    ///
    /// The pointers stay valid as long as this object.
    func withFields<Result>(
        _ body: (UnsafeMutableBufferPointer<nghttp2_nv>) -> Result
    ) -> Result {
        unsafe body(self.fields)
    }
}
