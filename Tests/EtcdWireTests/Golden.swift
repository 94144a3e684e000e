// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

/// A message next to the bytes that `protoc` makes of it.
///
/// To make the bytes anew: `protoc --proto_path=Protos --encode=<name> Protos/*.proto`, with the
/// text on standard input.
struct Golden: Sendable, CustomTestStringConvertible {
    let name: String
    let codec: MessageCodec
    let text: String
    /// What `protoc` made of the text.
    let bytes: [UInt8]
    /// What we make of the message.
    let serialized: [UInt8]
    /// True if the bytes are read as the message.
    let isMessage: @Sendable (_ bytes: [UInt8]) throws -> Bool
    /// Reads the bytes as a message of this type, and returns true if what was read survives being
    /// written and read again.
    let survivesRoundTrip: @Sendable (_ bytes: [UInt8]) throws -> Bool

    init<Message: WireMessage>(_ name: String, _ text: String, _ message: Message, _ hex: String) {
        self.name = name
        self.codec = MessageCodec(name, Message.self)
        self.text = text
        self.bytes = [UInt8](hex: hex)
        self.serialized = message.serialized()
        self.isMessage = { bytes in try Message(serialized: bytes) == message }
        self.survivesRoundTrip = { bytes in
            let read = try Message(serialized: bytes)
            let written = read.serialized()
            let readAgain = try Message(serialized: written)
            return readAgain == read && readAgain.serialized() == written
        }
    }

    var testDescription: String { "\(self.name) { \(self.text) }" }

    static let all = kv + watch + lease + auth + cluster + maintenance + concurrency
}

extension [UInt8] {
    /// The bytes that the hexadecimal digits stand for; spaces are ignored.
    init(hex: String) {
        let digits = hex.utf8.filter { $0 != UInt8(ascii: " ") }.map { digit in
            digit < UInt8(ascii: "a") ? digit - UInt8(ascii: "0") : digit - UInt8(ascii: "a") + 10
        }
        precondition(digits.count % 2 == 0)
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
