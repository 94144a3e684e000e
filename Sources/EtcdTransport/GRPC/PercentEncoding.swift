// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The encoding of `grpc-message`.
enum PercentEncoding {
    /// Replaces each `%` with two hexadecimal digits by its byte; what is malformed stays as it is.
    static func decode(_ text: some Collection<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        decoded.reserveCapacity(text.count)
        var index = text.startIndex
        while index != text.endIndex {
            let byte = text[index]
            if byte == UInt8(ascii: "%"),
                let high = text.index(index, offsetBy: 1, limitedBy: text.endIndex),
                let low = text.index(index, offsetBy: 2, limitedBy: text.endIndex),
                low != text.endIndex,
                let highValue = self.value(text[high]), let lowValue = self.value(text[low])
            {
                decoded.append(highValue << 4 | lowValue)
                index = text.index(after: low)
            } else {
                decoded.append(byte)
                index = text.index(after: index)
            }
        }
        return decoded
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
