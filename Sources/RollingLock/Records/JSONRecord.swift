// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A flat JSON object: what RollingLock stores as a value.
///
/// Reading never fails half-way: text that is not a JSON object gives `nil`; members that are not
/// strings or whole numbers are skipped, so a later version may add what it likes.
struct JSONRecord: Equatable, Sendable {
    enum Member: Equatable, Sendable {
        case string(String)
        case integer(Int64)
    }

    private(set) var members: [(name: String, value: Member)] = []

    init() {}

    static func == (lhs: JSONRecord, rhs: JSONRecord) -> Bool {
        lhs.members.count == rhs.members.count
            && zip(lhs.members, rhs.members).allSatisfy { $0 == $1 }
    }

    subscript(string name: String) -> String? {
        get {
            guard case .string(let text)? = self.member(name) else { return nil }
            return text
        }
        set { self.set(name, newValue.map(Member.string)) }
    }

    subscript(integer name: String) -> Int64? {
        get {
            guard case .integer(let number)? = self.member(name) else { return nil }
            return number
        }
        set { self.set(name, newValue.map(Member.integer)) }
    }

    /// The record as JSON, members in the order in which they were set.
    var json: String {
        let members = self.members.map { name, value in
            switch value {
            case .string(let text): "\(Self.quoted(name)):\(Self.quoted(text))"
            case .integer(let number): "\(Self.quoted(name)):\(number)"
            }
        }
        return "{\(members.joined(separator: ","))}"
    }

    /// Reads JSON.
    ///
    /// - Parameter text: Any bytes.
    init?(parsing text: [UInt8]) {
        var parser = JSONRecordParser(text)
        guard let members = parser.parseObject() else { return nil }
        for (name, value) in members { self.set(name, value) }
    }

    private func member(_ name: String) -> Member? {
        self.members.first { $0.name == name }?.value
    }

    private mutating func set(_ name: String, _ value: Member?) {
        self.members.removeAll { $0.name == name }
        if let value { self.members.append((name, value)) }
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy {
            $0 >= 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
        }
        if isPlain { return "\"\(text)\"" }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let hex = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
