// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

/// Makes random content for the fields of a message type, in the ways protobuf allows it to be
/// written: in any order, again and again, with defaults and unknown fields, numbers longer than
/// they need be, enums packed or not.
struct RandomMessage {
    private var generator: SeededGenerator
    /// Numbers of the fields that were made for outermost messages.
    private(set) var madeFields: Set<UInt64> = []
    private var isWild = false

    init(generator: SeededGenerator) {
        self.generator = generator
    }

    /// Makes a message; every other one is written in unusual ways.
    mutating func make(_ type: MessageType) -> [WireOccurrence] {
        self.isWild.toggle()
        return self.message(type, depth: 0)
    }

    private mutating func message(_ type: MessageType, depth: Int) -> [WireOccurrence] {
        var occurrences: [WireOccurrence] = []
        for field in type.fields {
            for _ in 0..<self.times(field, depth: depth) {
                occurrences.append(self.occurrence(of: field, depth: depth))
                if depth == 0 { self.madeFields.insert(field.number) }
            }
        }
        guard self.isWild else {
            // One case of a oneof at most.
            let chosen = self.below(16)
            let cases = occurrences.indices.filter { occurrences[$0].field?.isInOneof == true }
            guard cases.count > 1 else { return occurrences }
            let kept = cases[chosen % cases.count]
            for index in cases.reversed() where index != kept { occurrences.remove(at: index) }
            return occurrences
        }
        for _ in 0..<self.below(3) {
            occurrences.append(self.unknownField(type))
        }
        occurrences.shuffle(using: &self.generator)
        return occurrences
    }

    private mutating func times(_ field: Field, depth: Int) -> Int {
        if case .message = field.kind, depth >= 3 { return 0 }
        if field.isRepeated { return self.below(depth == 0 ? 5 : 3) }
        let chance = self.below(8)
        if chance == 0, self.isWild { return 2 }
        return chance < 3 ? 0 : 1
    }

    private mutating func occurrence(of field: Field, depth: Int) -> WireOccurrence {
        var occurrence = WireOccurrence(field: field, number: field.number, wireType: 0)
        occurrence.tagPadding = self.padding(upTo: 3)
        switch field.kind {
        case .message(let index):
            occurrence.wireType = 2
            occurrence.lengthPadding = self.padding(upTo: 1)
            occurrence.content = .message(
                self.message(ReferenceSchema.shared.types[index], depth: depth + 1)
            )
        case .string:
            occurrence.wireType = 2
            occurrence.content = .delimited(self.text())
        case .bytes:
            occurrence.wireType = 2
            occurrence.content = .delimited(self.bytes())
        case .enumeration where field.isRepeated && self.below(2) == 0:
            occurrence.wireType = 2
            var packed: [UInt8] = []
            for _ in 0..<self.below(4) { packed += self.number(field.kind) }
            occurrence.content = .delimited(packed)
        default:
            occurrence.content = .raw(self.number(field.kind))
        }
        return occurrence
    }

    /// A varint with a value that the field can have, or one that has to be cut to its size.
    private mutating func number(_ kind: Field.Kind) -> [UInt8] {
        let value: UInt64
        if case .enumeration(let declared) = kind, self.below(4) != 0 {
            value = UInt64(bitPattern: Int64(declared[self.below(declared.count)]))
        } else {
            switch self.below(8) {
            case 0: value = 0
            case 1: value = 1
            case 2: value = .max
            case 3: value = UInt64(Int64.max)
            case 4: value = UInt64(bitPattern: .min)
            case 5: value = UInt64(bitPattern: Int64(Int32.min))
            default: value = self.generator.next() >> UInt64(self.below(64))
            }
        }
        var bytes: [UInt8] = []
        bytes.append(varint: value, padding: self.padding(upTo: 9))
        // Ten bytes are the most that a varint may have.
        guard bytes.count <= 10 else {
            bytes = []
            bytes.append(varint: value)
            return bytes
        }
        return bytes
    }

    /// UTF-8 without a zero character, at which libprotobuf-c's strings end.
    private mutating func text() -> [UInt8] {
        let parts = ["a", "/", "0", "\u{7F}", "ß", "鍵", "🔒", "http://[::1]:2380", "\u{10FFFF}"]
        let text = (0..<self.below(5)).map { _ in parts[self.below(parts.count)] }.joined()
        let times = self.below(200) == 0 ? 1000 : 1
        return Array(String(repeating: text, count: times).utf8)
    }

    private mutating func bytes() -> [UInt8] {
        switch self.below(400) {
        case 0: [UInt8](repeating: UInt8(self.below(256)), count: 70_000)
        case 1..<40: []
        default: (0..<self.below(12)).map { _ in UInt8(self.below(256)) }
        }
    }

    private mutating func unknownField(_ type: MessageType) -> WireOccurrence {
        var number = UInt64(1 + self.below(70))
        let known = type.fields.first { $0.number == number }
        if known != nil, self.below(2) == 0 { number = (1 << 29) - 1 - number }
        if let known, known.number == number {
            // A known number with a wire type that is not the field's.
            var occurrence = WireOccurrence(field: nil, number: number, wireType: 5)
            occurrence.content = .raw([1, 2, 3, 4])
            occurrence.isRefusedByReference = true
            return occurrence
        }
        var occurrence = WireOccurrence(field: nil, number: number, wireType: 0)
        switch self.below(5) {
        case 0: occurrence.content = .raw(self.number(.uint64))
        case 1:
            occurrence.wireType = 1
            occurrence.content = .raw([0xFF, 2, 3, 4, 5, 6, 7, 8])
        case 2:
            occurrence.wireType = 5
            occurrence.content = .raw([0xFF, 2, 3, 4])
        case 3:
            // A group with another inside: fields 1 and 2.
            occurrence.wireType = 3
            var end: [UInt8] = [0x0B, 0x12, 0x01, 0xFF, 0x0C]
            end.append(varint: number << 3 | 4)
            occurrence.content = .raw(end)
            occurrence.isRefusedByReference = true
        default:
            occurrence.wireType = 2
            occurrence.content = .delimited(self.bytes())
        }
        return occurrence
    }

    private mutating func padding(upTo most: Int) -> Int {
        self.isWild && self.below(8) == 0 ? self.below(most + 1) : 0
    }

    /// Faster in debug builds than `Int.random(in:using:)`; the bias does not matter.
    private mutating func below(_ bound: Int) -> Int {
        Int(truncatingIfNeeded: self.generator.next() >> 33) % bound
    }
}
