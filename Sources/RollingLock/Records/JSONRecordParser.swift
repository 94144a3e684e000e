// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Reads one JSON object and keeps its members that are strings or whole numbers.
///
/// It is fed by whoever can write to the cluster's keys: every index is checked and nesting is
/// bounded.
struct JSONRecordParser {
    private static let maximumDepth = 16

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The members of the object that the bytes hold; `nil` if they hold anything else.
    mutating func parseObject() -> [(String, JSONRecord.Member)]? {
        guard let members = self.object(depth: 0) else { return nil }
        self.skipSpace()
        return self.position == self.bytes.count ? members : nil
    }

    private mutating func object(depth: Int) -> [(String, JSONRecord.Member)]? {
        var members: [(String, JSONRecord.Member)] = []
        guard depth < Self.maximumDepth, self.take("{") else { return nil }
        if self.take("}") { return members }
        repeat {
            self.skipSpace()
            guard let name = self.string(), self.take(":"), let value = self.value(depth: depth)
            else { return nil }
            if let member = value.member { members.append((name, member)) }
        } while self.take(",")
        return self.take("}") ? members : nil
    }

    /// A value that was read; `member` is `nil` if it is of a kind that is skipped.
    private struct Value {
        var member: JSONRecord.Member?
    }

    private mutating func value(depth: Int) -> Value? {
        self.skipSpace()
        guard self.position < self.bytes.count else { return nil }
        switch self.bytes[self.position] {
        case UInt8(ascii: "\""):
            return self.string().map { Value(member: .string($0)) }
        case UInt8(ascii: "{"):
            return self.object(depth: depth + 1).map { _ in Value() }
        case UInt8(ascii: "["):
            return self.array(depth: depth + 1)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return self.number()
        default:
            let isWord = ["true", "false", "null"].contains { self.takeWord($0) }
            return isWord ? Value() : nil
        }
    }

    private mutating func array(depth: Int) -> Value? {
        guard depth < Self.maximumDepth, self.take("[") else { return nil }
        if self.take("]") { return Value() }
        repeat {
            guard self.value(depth: depth) != nil else { return nil }
        } while self.take(",")
        return self.take("]") ? Value() : nil
    }

    private mutating func number() -> Value? {
        let start = self.position
        let digits = [UInt8]("+-.eE0123456789".utf8)
        while self.position < self.bytes.count, digits.contains(self.bytes[self.position]) {
            self.position += 1
        }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if let integer = Int64(text) { return Value(member: .integer(integer)) }
        return Double(text).map { _ in Value() }
    }

    private mutating func string() -> String? {
        guard self.position < self.bytes.count, self.bytes[self.position] == UInt8(ascii: "\"")
        else { return nil }
        self.position += 1
        var text: [UInt8] = []
        while self.position < self.bytes.count {
            let byte = self.bytes[self.position]
            self.position += 1
            switch byte {
            case UInt8(ascii: "\""):
                return String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = self.escape() else { return nil }
                text.append(contentsOf: Character(scalar).utf8)
            case 0..<0x20:
                return nil
            default:
                text.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        guard self.position < self.bytes.count else { return nil }
        let byte = self.bytes[self.position]
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return self.unicodeEscape()
        default: return nil
        }
    }

    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let unit = self.fourDigits() else { return nil }
        if let scalar = Unicode.Scalar(unit) { return scalar }
        // The first half of a surrogate pair: the second must follow.
        guard unit < 0xdc00, self.takeWord("\\u"), let low = self.fourDigits(),
            (0xdc00..<0xe000).contains(low)
        else { return nil }
        return Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00))
    }

    private mutating func fourDigits() -> UInt32? {
        guard self.bytes.count - self.position >= 4 else { return nil }
        var number: UInt32 = 0
        for byte in self.bytes[self.position..<self.position + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                return nil
            }
            number = number << 4 | UInt32(digit)
        }
        self.position += 4
        return number
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        self.skipSpace()
        guard self.position < self.bytes.count,
            UInt32(self.bytes[self.position]) == character.value
        else { return false }
        self.position += 1
        return true
    }

    private mutating func takeWord(_ word: String) -> Bool {
        guard self.bytes[self.position...].starts(with: word.utf8) else { return false }
        self.position += word.utf8.count
        return true
    }

    private mutating func skipSpace() {
        let space = [UInt8](" \t\r\n".utf8)
        while self.position < self.bytes.count, space.contains(self.bytes[self.position]) {
            self.position += 1
        }
    }
}
