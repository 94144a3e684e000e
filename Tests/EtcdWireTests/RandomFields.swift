// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTestSupport

/// Random bytes in the shape of a message.
///
/// There are fields of all numbers that the etcd API uses, known or not to the message that will
/// read them, with values that are numbers, text or fields again.
struct RandomFields {
    var generator: SeededGenerator

    mutating func message(depth: Int = 0) -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 0...6, using: &self.generator) {
            self.appendField(to: &bytes, depth: depth)
        }
        return bytes
    }

    private mutating func appendField(to bytes: inout [UInt8], depth: Int) {
        // Small numbers are in more messages, so they come more often; 64 is in Compare alone.
        let highest = Bool.random(using: &self.generator) ? 4 : 15
        let number = UInt64.random(in: 1...UInt64(highest), using: &self.generator)
        let tag = (number == 15 ? 64 : number) << 3
        switch Int.random(in: 0..<20, using: &self.generator) {
        case 0:
            bytes.append(varint: tag | 1)
            bytes.append(contentsOf: [1, 2, 3, 4, 5, 6, 7, 8])
        case 1:
            bytes.append(varint: tag | 5)
            bytes.append(contentsOf: [1, 2, 3, 4])
        case 2:
            bytes.append(varint: tag | 3)
            bytes.append(varint: tag | 4)
        case 3..<10:
            bytes.append(varint: tag)
            let width = UInt64.random(in: 0..<64, using: &self.generator)
            bytes.append(varint: UInt64.random(in: .min ... .max, using: &self.generator) >> width)
        case 10..<15 where depth < 4:
            bytes.append(lengthDelimited: self.message(depth: depth + 1), tag: tag)
        default:
            let count = Int.random(in: 0...5, using: &self.generator)
            let text = (0..<count).map { _ in
                ["a", "/", "0", "\0", "ß", "鍵", "🔒"].randomElement(using: &self.generator) ?? ""
            }
            bytes.append(lengthDelimited: Array(text.joined().utf8), tag: tag)
        }
    }
}

extension [UInt8] {
    mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.append(UInt8(rest))
    }

    mutating func append(lengthDelimited value: [UInt8], tag: UInt64) {
        self.append(varint: tag | 2)
        self.append(varint: UInt64(value.count))
        self.append(contentsOf: value)
    }
}
