// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import EtcdTransport

@Suite struct MessageAssemblerTests {
    /// Feeds the bytes in pieces of the given size.
    private func messages(
        _ bytes: [UInt8],
        pieces: Int = .max,
        limit: Int = 1 << 20
    ) throws(MessageAssembler.Failure) -> (messages: [[UInt8]], isAtBoundary: Bool) {
        var assembler = MessageAssembler(limit: limit)
        var messages: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + min(pieces, bytes.count))
            let piece = Array(bytes[start..<end])
            try unsafe piece.withUnsafeBytes { raw in
                Result { () throws(MessageAssembler.Failure) in
                    try unsafe assembler.receive(raw) { messages.append($0) }
                }
            }.get()
            start = end
        }
        return (messages, assembler.isAtBoundary)
    }

    private let three: [UInt8] =
        [0, 0, 0, 0, 2, 10, 11] + [0, 0, 0, 0, 0] + [0, 0, 0, 0, 3, 1, 2, 3]

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 100])
    func messagesAreJoinedAndSplitWhateverTheFrames(pieces: Int) throws {
        let result = try self.messages(self.three, pieces: pieces)
        #expect(result.messages == [[10, 11], [], [1, 2, 3]])
        #expect(result.isAtBoundary)
    }

    @Test func everyCutWithinAMessageIsNoticed() throws {
        let message: [UInt8] = [0, 0, 0, 0, 3, 1, 2, 3]
        for count in 1..<message.count {
            let result = try self.messages(Array(message.prefix(count)))
            #expect(result.messages.isEmpty)
            #expect(!result.isAtBoundary)
        }
    }

    @Test func aCompressedMessageIsRefused() {
        #expect(throws: MessageAssembler.Failure.compressed) {
            try self.messages([1, 0, 0, 0, 1, 0])
        }
    }

    @Test func aMessageOverTheLimitIsRefusedByItsPrefix() {
        #expect(throws: MessageAssembler.Failure.tooLarge(size: 0xffff_ffff)) {
            try self.messages([0, 0xff, 0xff, 0xff, 0xff])
        }
        #expect(throws: MessageAssembler.Failure.tooLarge(size: 4)) {
            try self.messages([0, 0, 0, 0, 4, 1, 2, 3, 4], limit: 3)
        }
    }

    @Test func aMessageOfTheLimitIsTaken() throws {
        let result = try self.messages([0, 0, 0, 0, 3, 1, 2, 3], limit: 3)
        #expect(result.messages == [[1, 2, 3]])
    }
}
