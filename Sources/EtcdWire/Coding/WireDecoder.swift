// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Reads the fields of a message from bytes that a peer sent.
///
/// Whatever the bytes are, the outcome is a message or a ``WireError``. All of it is safe Swift but for
/// the line that copies bytes once they were found.
///
/// The rules where protobuf leaves a choice:
/// - A known field with another wire type than its own is skipped like an unknown one.
/// - A singular message that comes twice is merged, also in a oneof; of scalars the last one wins.
/// - A repeated enum may come packed, unpacked or both.
/// - Unknown fields are dropped, groups included. Field number 0 is an error.
/// - A string must be UTF-8.
/// - Messages and groups together may nest ``nestingLimit`` deep.
///
/// What is allocated is bounded by the input: bytes and strings are copied once their length is
/// known to lie within it, and an array grows with the elements that were found, never by a promise.
/// Elements may be larger in memory than on the wire, where an empty message takes two bytes; what all
/// arrays together take is bounded by ``expansion``.
package struct WireDecoder {
    /// How many messages and groups may lie inside each other below the outermost message.
    static let nestingLimit = 64

    /// How many times as much memory as there are bytes the arrays of messages may take, beyond
    /// ``expansionAllowance``; what etcd has to say of a key or an event takes less.
    static let expansion = 8
    static let expansionAllowance = 4 << 20

    private let bytes: [UInt8]
    /// `index <= end <= bytes.count` holds throughout.
    private var index: Int
    private var end: Int
    private var depth = 0
    /// The field whose value comes next.
    private var fieldNumber = 0
    private var wireType = WireType.varint
    /// How much memory arrays may still take.
    private var arrayBudget: Int

    init(_ bytes: [UInt8], from start: Int) throws(WireError) {
        guard start >= 0, start <= bytes.count else { throw .truncated(offset: bytes.count) }
        self.bytes = bytes
        self.index = start
        self.end = bytes.count
        self.arrayBudget = Self.expansionAllowance + Self.expansion * (bytes.count - start)
    }
}

// MARK: Fields

extension WireDecoder {
    /// Reads all fields up to the end of the message at hand.
    @inline(__always)
    mutating func readFields(into message: inout some WireMessage) throws(WireError) {
        while self.index < self.end {
            let offset = self.index
            try self.readTag()
            if self.wireType == .groupEnd { throw .unmatchedGroupEnd(offset: offset) }
            try message.decode(field: self.fieldNumber, from: &self)
        }
    }

    /// Skips the value of the field at hand.
    mutating func skip() throws(WireError) {
        switch self.wireType {
        case .varint: _ = try self.readVarint()
        case .fixed64: try self.advance(8)
        case .lengthDelimited: self.index += try self.readLength()
        case .groupStart: try self.skipGroup(self.fieldNumber)
        case .groupEnd: throw .unmatchedGroupEnd(offset: self.index)
        case .fixed32: try self.advance(4)
        }
    }

    private mutating func skipGroup(_ number: Int) throws(WireError) {
        try self.descend()
        while true {
            let offset = self.index
            try self.readTag()
            guard self.wireType == .groupEnd else {
                try self.skip()
                continue
            }
            guard self.fieldNumber == number else { throw .unmatchedGroupEnd(offset: offset) }
            self.depth -= 1
            return
        }
    }

    private mutating func descend() throws(WireError) {
        guard self.depth < Self.nestingLimit else { throw .nestedTooDeeply(offset: self.index) }
        self.depth += 1
    }

    /// True if the field at hand has this wire type; otherwise its value is skipped.
    @inline(__always)
    private mutating func expect(_ type: WireType) throws(WireError) -> Bool {
        if self.wireType == type { return true }
        try self.skip()
        return false
    }
}

// MARK: Scalars

extension WireDecoder {
    /// The value of the field at hand, or nil if it was skipped because its wire type is another.
    @inline(__always)
    mutating func readUInt64() throws(WireError) -> UInt64? {
        guard try self.expect(.varint) else { return nil }
        return try self.readVarint()
    }

    @inline(__always)
    mutating func readInt64() throws(WireError) -> Int64? {
        guard let value = try self.readUInt64() else { return nil }
        return Int64(bitPattern: value)
    }

    @inline(__always)
    mutating func readBytes() throws(WireError) -> [UInt8]? {
        guard try self.expect(.lengthDelimited) else { return nil }
        let length = try self.readLength()
        let start = self.index
        self.index = start + length
        return self.copyBytes(start..<self.index)
    }

    mutating func readString() throws(WireError) -> String? {
        guard try self.expect(.lengthDelimited) else { return nil }
        let length = try self.readLength()
        let start = self.index
        self.index = start + length
        guard let string = String(validating: self.bytes[start..<self.index], as: UTF8.self) else {
            throw .invalidUTF8(offset: start)
        }
        return string
    }

    @inline(__always)
    mutating func read(_ value: inout Int64) throws(WireError) {
        if let read = try self.readInt64() { value = read }
    }

    @inline(__always)
    mutating func read(_ value: inout UInt64) throws(WireError) {
        if let read = try self.readUInt64() { value = read }
    }

    /// Reads the low 32 bits, as protobuf does.
    @inline(__always)
    mutating func read(_ value: inout UInt32) throws(WireError) {
        if let read = try self.readUInt64() { value = UInt32(truncatingIfNeeded: read) }
    }

    @inline(__always)
    mutating func read(_ value: inout Bool) throws(WireError) {
        if let read = try self.readUInt64() { value = read != 0 }
    }

    @inline(__always)
    mutating func read<Value: WireEnum>(_ value: inout Value) throws(WireError) {
        if let read = try self.readUInt64() {
            value = Value(rawValue: Int32(truncatingIfNeeded: read))
        }
    }

    @inline(__always)
    mutating func read(_ value: inout [UInt8]) throws(WireError) {
        if let read = try self.readBytes() { value = read }
    }

    @inline(__always)
    mutating func read(_ value: inout String) throws(WireError) {
        if let read = try self.readString() { value = read }
    }
}

// MARK: Messages and repeated fields

extension WireDecoder {
    /// Reads a singular message; a second one is merged into the first.
    @inline(__always)
    mutating func read<Message: WireMessage>(_ message: inout Message?) throws(WireError) {
        guard try self.expectMessage() else { return }
        var merged = message ?? Message()
        // Alone with its arrays, the message grows in place however often it is merged.
        message = nil
        try self.readMessage(into: &merged)
        message = consume merged
    }

    /// True if the field at hand is a message; otherwise its value is skipped.
    @inline(__always)
    mutating func expectMessage() throws(WireError) -> Bool {
        try self.expect(.lengthDelimited)
    }

    /// Reads a message into `message`, after ``expectMessage()``.
    @inline(__always)
    mutating func readMessage(into message: inout some WireMessage) throws(WireError) {
        let length = try self.readLength()
        try self.descend()
        let outerEnd = self.end
        self.end = self.index + length
        try self.readFields(into: &message)
        self.end = outerEnd
        self.depth -= 1
    }

    @inline(__always)
    mutating func read<Message: WireMessage>(_ messages: inout [Message]) throws(WireError) {
        guard try self.expectMessage() else { return }
        if messages.count == messages.capacity { try self.makeRoom(in: &messages) }
        var message = Message()
        try self.readMessage(into: &message)
        messages.append(consume message)
    }

    mutating func read(_ values: inout [String]) throws(WireError) {
        guard self.wireType == .lengthDelimited else { return try self.skip() }
        if values.count == values.capacity { try self.makeRoom(in: &values) }
        if let value = try self.readString() { values.append(value) }
    }

    mutating func read(_ values: inout [[UInt8]]) throws(WireError) {
        guard self.wireType == .lengthDelimited else { return try self.skip() }
        if values.count == values.capacity { try self.makeRoom(in: &values) }
        if let value = try self.readBytes() { values.append(value) }
    }

    /// Reads one value of a repeated enum, or a packed run of them.
    mutating func read<Value: WireEnum>(_ values: inout [Value]) throws(WireError) {
        guard self.wireType == .lengthDelimited else {
            if let value = try self.readUInt64() {
                values.append(Value(rawValue: Int32(truncatingIfNeeded: value)))
            }
            return
        }
        let length = try self.readLength()
        let outerEnd = self.end
        self.end = self.index + length
        while self.index < self.end {
            values.append(Value(rawValue: Int32(truncatingIfNeeded: try self.readVarint())))
        }
        self.end = outerEnd
    }

    /// Makes room for the elements in a row that come next, or at least for twice as many as there
    /// are.
    private mutating func makeRoom<Element>(in array: inout [Element]) throws(WireError) {
        let count = max(array.count + self.countRun(), 2 * array.count)
        self.arrayBudget -= (count - array.count) * MemoryLayout<Element>.stride
        guard self.arrayBudget >= 0 else { throw .tooManyElements(offset: self.index) }
        array.reserveCapacity(count)
    }

    /// The number of length-delimited fields in a row that carry the number of the one at hand.
    ///
    /// These are the elements of a repeated field, counted by their lengths so that the array can
    /// be allocated once. Malformed bytes end the count; reading them is what reports them.
    private func countRun() -> Int {
        var scout = self
        var count = 0
        do {
            repeat {
                scout.index += try scout.readLength()
                count += 1
                guard scout.index < scout.end else { break }
                try scout.readTag()
            } while scout.fieldNumber == self.fieldNumber && scout.wireType == .lengthDelimited
        } catch {
            return count
        }
        return count
    }
}

// MARK: Parts of a field

extension WireDecoder {
    /// Reads a tag into `fieldNumber` and `wireType`.
    @inline(__always)
    private mutating func readTag() throws(WireError) {
        let offset = self.index
        let tag = try self.readVarint()
        guard let type = WireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)) else {
            throw .invalidWireType(offset: offset)
        }
        guard tag >= 8, tag <= UInt64(UInt32.max) else {
            throw .invalidFieldNumber(offset: offset)
        }
        self.fieldNumber = Int(tag >> 3)
        self.wireType = type
    }

    /// Reads a length and checks that so many bytes follow.
    @inline(__always)
    private mutating func readLength() throws(WireError) -> Int {
        let offset = self.index
        let length = try self.readVarint()
        guard length <= UInt64(self.end - self.index) else {
            throw .lengthBeyondEnd(offset: offset)
        }
        return Int(length)
    }

    /// Copies a part of the bytes; traps unless it lies within them.
    ///
    /// Not from a slice, which retains and releases the bytes: in safe Swift the task `range-1000` of
    /// `make bench-codecs` took 8 % longer to decode with values of 16 bytes, and 7 % with 1 KiB.
    @inline(__always)
    private func copyBytes(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= self.bytes.count)
        return unsafe self.bytes.withUnsafeBufferPointer { bytes in
            unsafe Array(UnsafeBufferPointer(rebasing: bytes[range]))
        }
    }

    private mutating func advance(_ count: Int) throws(WireError) {
        guard count <= self.end - self.index else { throw .truncated(offset: self.index) }
        self.index += count
    }

    @inline(__always)
    private mutating func readVarint() throws(WireError) -> UInt64 {
        if self.index < self.end {
            let byte = self.bytes[self.index]
            if byte < 0x80 {
                self.index += 1
                return UInt64(byte)
            }
        }
        return try self.readLongVarint()
    }

    private mutating func readLongVarint() throws(WireError) -> UInt64 {
        var index = self.index
        var result: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 63 {
            guard index < self.end else { throw .truncated(offset: index) }
            let byte = self.bytes[index]
            index &+= 1
            result |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 {
                self.index = index
                return result
            }
            shift &+= 7
        }
        // The tenth byte has room for the 64th bit only.
        guard index < self.end else { throw .truncated(offset: index) }
        let last = self.bytes[index]
        guard last <= 1 else { throw .varintOverflow(offset: self.index) }
        self.index = index &+ 1
        return result | UInt64(last) &<< 63
    }
}
