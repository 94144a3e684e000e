// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import CEtcdKitProtobufC
import CEtcdProtos
import Glibc

/// A message that libprotobuf-c has read.
@safe
struct ReferenceMessage: ~Copyable {
    private let message: UnsafeMutablePointer<ProtobufCMessage>
    private let type: MessageType

    /// Reads the bytes; nil when libprotobuf-c refuses them.
    init?(_ bytes: [UInt8], as type: MessageType) {
        // NULL for malformed bytes.
        let message = unsafe bytes.withUnsafeBufferPointer { buffer in
            unsafe protobuf_c_message_unpack(type.descriptor, nil, buffer.count, buffer.baseAddress)
        }
        guard let message = unsafe message else { return nil }
        unsafe self.message = message
        self.type = type
        // libprotobuf-c keeps unknown fields and would write them again; EtcdWire drops them.
        unsafe Self.forgetUnknownFields(message, type)
    }

    deinit {
        unsafe protobuf_c_message_free_unpacked(self.message, nil)
    }

    /// What libprotobuf-c writes.
    var bytes: [UInt8] {
        let size = unsafe protobuf_c_message_get_packed_size(self.message)
        var bytes = [UInt8](repeating: 0, count: size)
        let written = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
            unsafe protobuf_c_message_pack(self.message, buffer.baseAddress)
        }
        precondition(written == size, "libprotobuf-c does not keep to the size it told")
        return bytes
    }

    /// What libprotobuf-c has read, field by field.
    var fields: FieldTree {
        unsafe Self.fields(UnsafeRawPointer(self.message), self.type)
    }

    private static func forgetUnknownFields(
        _ message: UnsafeMutablePointer<ProtobufCMessage>,
        _ type: MessageType
    ) {
        // They come from malloc: no allocator was given.
        for index in 0..<Int(unsafe message.pointee.n_unknown_fields) {
            unsafe free(message.pointee.unknown_fields[index].data)
        }
        unsafe free(message.pointee.unknown_fields)
        unsafe message.pointee.unknown_fields = nil
        unsafe message.pointee.n_unknown_fields = 0

        let base = UnsafeRawPointer(message)
        for field in type.fields {
            guard case .message(let index) = field.kind else { continue }
            let elements = unsafe Self.elements(base, field)
            for element in 0..<(unsafe elements.count) {
                let pointer = unsafe elements[element].load(
                    as: UnsafeMutablePointer<ProtobufCMessage>?.self
                )
                guard let inner = unsafe pointer else { continue }
                unsafe Self.forgetUnknownFields(inner, ReferenceSchema.shared.types[index])
            }
        }
    }

    /// Where the values of the field lie: one, those of a repeated field, or none in a oneof that
    /// chose another.
    private static func elements(
        _ message: UnsafeRawPointer,
        _ field: Field
    ) -> [UnsafeRawPointer] {
        let value = unsafe message + field.offset
        if field.isRepeated {
            let count = unsafe message.load(fromByteOffset: field.quantifierOffset, as: Int.self)
            guard count > 0, let start = unsafe value.load(as: UnsafeRawPointer?.self) else {
                return unsafe []
            }
            return unsafe (0..<count).map { unsafe start + $0 * field.stride }
        }
        if field.isInOneof {
            let chosen = unsafe message.load(
                fromByteOffset: field.quantifierOffset,
                as: UInt32.self
            )
            guard UInt64(chosen) == field.number else { return unsafe [] }
        }
        return unsafe [value]
    }

    private static func fields(_ message: UnsafeRawPointer, _ type: MessageType) -> FieldTree {
        var fields: [String: FieldTree] = [:]
        for field in type.fields {
            let values = unsafe Self.elements(message, field).compactMap { element in
                unsafe Self.value(element, field)
            }
            if field.isRepeated {
                if !values.isEmpty { fields[field.plainName] = .list(values) }
            } else if let value = values.first, field.isInOneof || !value.isDefault {
                fields[field.plainName] = value
            }
        }
        return .message(fields)
    }

    /// The value; nil for a message that is not there.
    private static func value(_ element: UnsafeRawPointer, _ field: Field) -> FieldTree? {
        switch field.kind {
        case .int64: return .signed(unsafe element.load(as: Int64.self))
        case .uint64: return .unsigned(unsafe element.load(as: UInt64.self))
        case .uint32: return .unsigned32(unsafe element.load(as: UInt32.self))
        case .bool: return .bool(unsafe element.load(as: Int32.self) != 0)
        case .enumeration: return .enumeration(unsafe element.load(as: Int32.self))
        case .string:
            let text = unsafe element.load(as: UnsafePointer<CChar>?.self)
            return unsafe .string(text.map { unsafe String(cString: $0) } ?? "")
        case .bytes:
            let data = unsafe element.load(as: ProtobufCBinaryData.self)
            return .bytes(unsafe Array(UnsafeBufferPointer(start: data.data, count: data.len)))
        case .message(let index):
            guard let message = unsafe element.load(as: UnsafeRawPointer?.self) else { return nil }
            return unsafe Self.fields(message, ReferenceSchema.shared.types[index])
        }
    }
}

extension Field {
    /// The distance of two values of a repeated field.
    fileprivate var stride: Int {
        switch self.kind {
        case .int64, .uint64, .string, .message: 8
        case .uint32, .bool, .enumeration: 4
        case .bytes: unsafe MemoryLayout<ProtobufCBinaryData>.stride
        }
    }
}
