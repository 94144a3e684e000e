// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// One field as it stands on the wire.
struct WireOccurrence {
    enum Content {
        /// The bytes after the tag.
        case raw([UInt8])
        /// A length and so many bytes.
        case delimited([UInt8])
        /// A length and a message.
        case message([WireOccurrence])
    }

    /// Nil for a field that the message does not know.
    let field: Field?
    let number: UInt64
    var wireType: UInt64
    /// How many bytes the tag is longer than needed.
    var tagPadding = 0
    var lengthPadding = 0
    var content = Content.raw([])
    /// EtcdWire skips it, as protobuf does; libprotobuf-c gives the message up: it knows no groups,
    /// and no other wire type for a field than its own.
    var isRefusedByReference = false
}

extension [WireOccurrence] {
    /// All of it, as it comes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        for occurrence in self {
            occurrence.append(to: &bytes) { $0.bytes }
        }
        return bytes
    }

    /// The same for libprotobuf-c, without what it refuses and with its messages merged.
    ///
    /// Of a singular message that comes twice, libprotobuf-c loses numbers of the first where the
    /// second has none, and in a oneof it does not merge at all. By protobuf's rules reading one
    /// message after the other is the same as reading both as one, so libprotobuf-c is given one.
    var bytesForReference: [UInt8] {
        var merged: [WireOccurrence] = []
        for occurrence in self where !occurrence.isRefusedByReference {
            guard let field = occurrence.field, field.isSingularMessage,
                let earlier = merged.lastIndex(where: { $0.isReplaced(by: field) }),
                merged[earlier].number == field.number,
                case .message(let first) = merged[earlier].content,
                case .message(let second) = occurrence.content
            else {
                merged.append(occurrence)
                continue
            }
            merged[earlier].content = .message(first + second)
        }
        var bytes: [UInt8] = []
        for occurrence in merged {
            occurrence.append(to: &bytes) { $0.bytesForReference }
        }
        return bytes
    }
}

extension WireOccurrence {
    /// True if the field says anew what this one said: they are the same, or in the same oneof.
    fileprivate func isReplaced(by field: Field) -> Bool {
        guard let own = self.field else { return false }
        return own.number == field.number
            || own.isInOneof && field.isInOneof && own.quantifierOffset == field.quantifierOffset
    }

    fileprivate func append(to bytes: inout [UInt8], message: ([WireOccurrence]) -> [UInt8]) {
        bytes.append(varint: self.number << 3 | self.wireType, padding: self.tagPadding)
        switch self.content {
        case .raw(let value):
            bytes.append(contentsOf: value)
        case .delimited(let value):
            bytes.append(varint: UInt64(value.count), padding: self.lengthPadding)
            bytes.append(contentsOf: value)
        case .message(let occurrences):
            let value = message(occurrences)
            bytes.append(varint: UInt64(value.count), padding: self.lengthPadding)
            bytes.append(contentsOf: value)
        }
    }
}

extension [UInt8] {
    /// Appends a varint that is longer than it needs to be.
    mutating func append(varint value: UInt64, padding: Int) {
        self.append(varint: value)
        guard padding > 0 else { return }
        self[self.count - 1] |= 0x80
        for _ in 1..<padding { self.append(0x80) }
        self.append(0)
    }
}
