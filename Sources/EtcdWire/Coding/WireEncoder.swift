// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Writes a message in two passes over its fields: the first adds up the exact size, the second
/// appends to one array that has this size reserved.
///
/// The lengths of nested messages are noted in the first pass, in the order in which the second one
/// meets them, so each message is measured once however deep it lies.
///
/// A field at its default is not written, except a scalar that is the chosen case of a oneof.
package struct WireEncoder {
    /// The size measured in the first pass.
    private(set) var size = 0
    /// What the second pass has written.
    private(set) var bytes: [UInt8] = []

    private var isMeasuring = true
    private var nestedSizes: [Int] = []
    private var nextNestedSize = 0

    init() {}

    /// Ends the first pass.
    mutating func startWriting(leadingSpace: Int) {
        self.isMeasuring = false
        self.bytes.reserveCapacity(leadingSpace + self.size)
        for _ in 0..<leadingSpace {
            self.bytes.append(0)
        }
    }
}

// MARK: Scalars

extension WireEncoder {
    @inline(__always)
    mutating func write(_ field: Int, _ value: Int64) {
        if value != 0 { self.writeChosen(field, value) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ value: UInt64) {
        if value != 0 { self.writeVarintField(field, value) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ value: UInt32) {
        if value != 0 { self.writeVarintField(field, UInt64(value)) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ value: Bool) {
        if value { self.writeVarintField(field, 1) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ value: some WireEnum) {
        if value.rawValue != 0 { self.writeVarintField(field, Self.varint(value)) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ value: [UInt8]) {
        if !value.isEmpty { self.writeChosen(field, value) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ value: String) {
        if !value.isEmpty { self.writeChosen(field, value) }
    }

    /// Writes the scalar that was chosen in a oneof, even if it is 0.
    @inline(__always)
    mutating func writeChosen(_ field: Int, _ value: Int64) {
        self.writeVarintField(field, UInt64(bitPattern: value))
    }

    /// Writes the bytes that were chosen in a oneof, even if there are none.
    @inline(__always)
    mutating func writeChosen(_ field: Int, _ value: [UInt8]) {
        self.writePrefix(field, length: value.count)
        if self.isMeasuring {
            self.size += value.count
        } else {
            self.bytes.append(contentsOf: value)
        }
    }

    /// An enum is sign-extended to 64 bits, as protobuf does.
    @inline(__always)
    private static func varint(_ value: some WireEnum) -> UInt64 {
        UInt64(bitPattern: Int64(value.rawValue))
    }

    private mutating func writeChosen(_ field: Int, _ value: String) {
        self.writePrefix(field, length: value.utf8.count)
        if self.isMeasuring {
            self.size += value.utf8.count
        } else {
            self.bytes.append(contentsOf: value.utf8)
        }
    }
}

// MARK: Repeated fields

extension WireEncoder {
    mutating func write(_ field: Int, _ values: [String]) {
        for value in values { self.writeChosen(field, value) }
    }

    mutating func write(_ field: Int, _ values: [[UInt8]]) {
        for value in values { self.writeChosen(field, value) }
    }

    /// Writes a repeated enum, packed.
    mutating func write(_ field: Int, _ values: [some WireEnum]) {
        guard !values.isEmpty else { return }
        var length = 0
        for value in values { length += varintSize(Self.varint(value)) }
        self.writePrefix(field, length: length)
        for value in values { self.writeVarint(Self.varint(value)) }
    }

    @inline(__always)
    mutating func write(_ field: Int, _ messages: [some WireMessage]) {
        // A span lends its elements where an array's iterator would copy and retain them.
        let messages = messages.span
        for index in messages.indices { self.writeChosen(field, messages[index]) }
    }
}

// MARK: Messages

extension WireEncoder {
    @inline(__always)
    mutating func write(_ field: Int, _ message: (some WireMessage)?) {
        if let message { self.writeChosen(field, message) }
    }

    /// Writes a nested message, even if it is empty.
    @inline(__always)
    mutating func writeChosen(_ field: Int, _ message: some WireMessage) {
        let slot = self.nestedSizes.count
        let before = self.size
        if self.isMeasuring {
            self.nestedSizes.append(0)
        } else {
            self.writePrefix(field, length: self.nestedSizes[self.nextNestedSize])
            self.nextNestedSize += 1
        }
        message.encode(to: &self)
        if self.isMeasuring {
            let length = self.size - before
            self.nestedSizes[slot] = length
            self.writePrefix(field, length: length)
        }
    }
}

// MARK: Parts of a field

extension WireEncoder {
    @inline(__always)
    private mutating func writeVarintField(_ field: Int, _ value: UInt64) {
        self.writeVarints(wireTag(field, .varint), value)
    }

    /// Writes the tag and the length of a length-delimited field.
    @inline(__always)
    private mutating func writePrefix(_ field: Int, length: Int) {
        self.writeVarints(wireTag(field, .lengthDelimited), UInt64(length))
    }

    @inline(__always)
    private mutating func writeVarints(_ tag: UInt64, _ value: UInt64) {
        if self.isMeasuring {
            self.size += varintSize(tag) + varintSize(value)
        } else {
            self.append(tag)
            self.append(value)
        }
    }

    @inline(__always)
    private mutating func writeVarint(_ value: UInt64) {
        if self.isMeasuring {
            self.size += varintSize(value)
        } else {
            self.append(value)
        }
    }

    private mutating func append(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
