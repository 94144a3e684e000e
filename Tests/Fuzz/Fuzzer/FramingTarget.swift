// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdTransport

/// gRPC's framing: the first byte is the size of the pieces in which the others arrive.
enum FramingTarget {
    static func fuzz(_ input: [UInt8]) {
        guard let size = input.first else { return }
        let bytes = Array(input.dropFirst())
        let whole = Outcome(bytes, pieceSize: max(bytes.count, 1))
        let pieces = Outcome(bytes, pieceSize: Int(size) + 1)
        precondition(whole == pieces, "it matters in which pieces the bytes arrive")
        precondition(whole == Outcome(expectedFrom: bytes), "the messages are others")
    }

    private struct Outcome: Equatable {
        private static let limit = 1000

        var messages: [[UInt8]] = []
        var failure: MessageAssembler.Failure?
        var isAtBoundary = true

        init(_ bytes: [UInt8], pieceSize: Int) {
            var assembler = MessageAssembler(limit: Self.limit)
            var rest = bytes[...]
            while !rest.isEmpty {
                // An array of its own, so that reading beyond it is noticed.
                let piece = Array(rest.prefix(pieceSize))
                rest = rest.dropFirst(pieceSize)
                do throws(MessageAssembler.Failure) {
                    try self.receive(piece, &assembler)
                } catch {
                    self.failure = error
                    return
                }
            }
            self.isAtBoundary = assembler.isAtBoundary
        }

        private mutating func receive(
            _ piece: [UInt8],
            _ assembler: inout MessageAssembler
        ) throws(MessageAssembler.Failure) {
            let result = unsafe piece.withUnsafeBytes { bytes in
                Result { () throws(MessageAssembler.Failure) in
                    try unsafe assembler.receive(bytes) { self.messages.append($0) }
                }
            }
            try result.get()
        }

        /// The same, the simple way.
        init(expectedFrom bytes: [UInt8]) {
            var rest = bytes[...]
            while rest.count >= 5 {
                let prefix = rest.prefix(5)
                let size = prefix.dropFirst().reduce(0) { $0 << 8 | Int($1) }
                if prefix.first != 0 {
                    self.failure = .compressed
                    return
                }
                if size > Self.limit {
                    self.failure = .tooLarge(size: size)
                    return
                }
                guard rest.count >= 5 + size else { break }
                self.messages.append(Array(rest.dropFirst(5).prefix(size)))
                rest = rest.dropFirst(5 + size)
            }
            self.isAtBoundary = rest.isEmpty
        }
    }
}
