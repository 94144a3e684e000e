// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Turns any bytes into one element of a key and back.
///
/// Kept as they are: what RFC 3986 allows in an element of a path, without the percent sign. All
/// other bytes become `%` and two upper-case hexadecimal digits. Every name has exactly one
/// encoding, it holds no `/`, and two names never share one.
enum PercentEncoding {
    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        encoded.reserveCapacity(bytes.count)
        for byte in bytes {
            if self.isKept(byte) {
                encoded.append(byte)
            } else {
                encoded.append(UInt8(ascii: "%"))
                encoded.append(self.digits[Int(byte >> 4)])
                encoded.append(self.digits[Int(byte & 0xf)])
            }
        }
        return encoded
    }

    /// The bytes that an element stands for; `nil` if ``encode(_:)`` cannot have made it.
    static func decode(_ element: some Collection<UInt8>) -> [UInt8]? {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(element.count)
        var rest = element.makeIterator()
        while let byte = rest.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.next().flatMap(self.value(ofDigit:)),
                    let low = rest.next().flatMap(self.value(ofDigit:)),
                    !self.isKept(high << 4 | low)
                else { return nil }
                decoded.append(high << 4 | low)
            } else {
                guard self.isKept(byte) else { return nil }
                decoded.append(byte)
            }
        }
        return decoded
    }

    private static let digits = [UInt8]("0123456789ABCDEF".utf8)

    private static func value(ofDigit digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func isKept(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            self.keptPunctuation.contains(byte)
        }
    }

    private static let keptPunctuation = [UInt8]("-._~!$&'()*+,;=:@".utf8)
}
