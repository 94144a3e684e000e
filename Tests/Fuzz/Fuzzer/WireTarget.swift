// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdWire

/// The first byte selects the message that the others are read as.
enum WireTarget {
    static func fuzz(_ input: [UInt8]) {
        guard let selector = input.first else { return }
        let read = WireMessages.readers[Int(selector) % WireMessages.readers.count]
        read(input)
    }

    /// Reads the bytes after the first; what was read has to survive being written and read again.
    static func reader<Message: WireMessage>(_: Message.Type) -> @Sendable ([UInt8]) -> Void {
        { input in
            guard let message = try? Message(serialized: input, from: 1) else { return }
            let written = message.serialized(leadingSpace: 5)
            guard let again = try? Message(serialized: written, from: 5) else {
                preconditionFailure("what was written cannot be read")
            }
            precondition(again == message, "another message was read")
            precondition(again.serialized() == Array(written[5...]), "other bytes were written")
        }
    }
}
