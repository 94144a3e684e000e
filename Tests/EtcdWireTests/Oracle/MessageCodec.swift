// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire
import Testing

/// A message type of ours under its full name.
struct MessageCodec: Sendable, CustomTestStringConvertible {
    let name: String
    /// Reads the bytes and writes what was read.
    let rewrite: @Sendable (_ bytes: [UInt8]) throws -> [UInt8]
    /// Reads the bytes and tells what was read, field by field.
    let fields: @Sendable (_ bytes: [UInt8]) throws -> FieldTree

    init<Message: WireMessage>(_ name: String, _: Message.Type) {
        self.name = name
        self.rewrite = { bytes in try Message(serialized: bytes).serialized() }
        self.fields = { bytes in FieldTree(try Message(serialized: bytes)) }
    }

    var testDescription: String { self.name }

    /// One for each message that has golden bytes, which is each that a service uses.
    static let all: [MessageCodec] = {
        var names: Set<String> = []
        return Golden.all.map(\.codec).filter { names.insert($0.name).inserted }
    }()
}
