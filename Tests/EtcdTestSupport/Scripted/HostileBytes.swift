// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// A frame of HTTP/2, right or wrong.
package func frame(
    type: UInt8,
    flags: UInt8 = 0,
    stream: UInt8 = 0,
    _ payload: [UInt8]
) -> [UInt8] {
    let count = payload.count
    let length = [count >> 16, count >> 8, count].map { UInt8(truncatingIfNeeded: $0) }
    return length + [type, flags, 0, 0, 0, stream] + payload
}

/// What a server may say to a client that has opened stream 1, and that no server should.
package enum HostileBytes: String, CaseIterable, Sendable {
    case garbage
    case hugeFrame
    case pingFlood
    case settingsFlood
    case windowUpdateFlood
    case unknownFrameFlood
    case emptyDataFlood
    case continuationFlood
    case emptyContinuationFlood
    case headerBomb
    case endlessInterimHeaders
    case windowOverflow
    case unknownStream
    case pushedStream
    case wrongSettings
    case wrongPadding

    package var bytes: [UInt8] {
        switch self {
        case .garbage:
            [UInt8](repeating: 0xFF, count: 64)
        case .hugeFrame:
            [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1]
        case .pingFlood:
            self.flood(frame(type: 6, [UInt8](repeating: 1, count: 8)))
        case .settingsFlood:
            self.flood(frame(type: 4, []))
        case .windowUpdateFlood:
            self.flood(frame(type: 8, [0, 0, 0, 1]))
        case .unknownFrameFlood:
            self.flood(frame(type: 0xFA, [UInt8](repeating: 0, count: 1000)))
        case .emptyDataFlood:
            Self.answerHeaders + self.flood(frame(type: 0, stream: 1, []))
        case .continuationFlood:
            // One field without an end of the headers, and always another.
            frame(type: 1, stream: 1, [0x88])
                + self.flood(frame(type: 9, stream: 1, Self.literal("a", "b")))
        case .emptyContinuationFlood:
            frame(type: 1, stream: 1, [0x88]) + self.flood(frame(type: 9, stream: 1, []))
        case .headerBomb:
            // A field of 3000 bytes for the table, and then a byte for each repetition of it.
            frame(
                type: 1,
                flags: 4,
                stream: 1,
                [0x88] + Self.indexed("x", String(repeating: "y", count: 3000))
                    + [UInt8](repeating: 0xBE, count: 12_000)
            )
        case .endlessInterimHeaders:
            self.flood(frame(type: 1, flags: 4, stream: 1, [8, 3] + Array("103".utf8)))
        case .windowOverflow:
            frame(type: 8, [0x7F, 0xFF, 0xFF, 0xFF])
        case .unknownStream:
            frame(type: 1, flags: 5, stream: 99, [0x88])
        case .pushedStream:
            frame(type: 5, flags: 4, stream: 1, [0, 0, 0, 2, 0x88])
        case .wrongSettings:
            // A frame size of 1.
            frame(type: 4, [0, 5, 0, 0, 0, 1])
        case .wrongPadding:
            // More padding than there is frame.
            Self.answerHeaders + frame(type: 0, flags: 8, stream: 1, [200, 0])
        }
    }

    private static let answerHeaders = frame(
        type: 1,
        flags: 4,
        stream: 1,
        [0x88] + literal("content-type", "application/grpc")
    )

    /// More than a mebibyte of it.
    private func flood(_ frame: [UInt8]) -> [UInt8] {
        var bytes = frame
        while bytes.count < 5 << 18 { bytes += bytes }
        return bytes
    }

    private static func literal(_ name: String, _ value: String) -> [UInt8] {
        [0] + self.string(name) + self.string(value)
    }

    private static func indexed(_ name: String, _ value: String) -> [UInt8] {
        [0x40] + self.string(name) + self.string(value)
    }

    /// HPACK's strings without Huffman's code (RFC 7541, 5.1 and 5.2).
    private static func string(_ text: String) -> [UInt8] {
        var count = text.utf8.count
        guard count >= 127 else { return [UInt8(count)] + Array(text.utf8) }
        var result: [UInt8] = [127]
        count -= 127
        while count >= 128 {
            result.append(UInt8(count & 127 | 128))
            count >>= 7
        }
        return result + [UInt8(count)] + Array(text.utf8)
    }
}
