// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Joins DATA frames to gRPC messages: one byte flag, four bytes length, the message.
struct MessageAssembler {
    enum Failure: Error, Equatable {
        /// The flag says compressed; we never offer an encoding.
        case compressed
        /// The message is over the limit.
        case tooLarge(size: Int)
    }

    private let limit: Int
    /// The prefix as far as it is known, most significant byte first.
    private var prefix: UInt64 = 0
    private var prefixCount = 0
    private var message: [UInt8] = []
    private var missing = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether everything received so far forms whole messages.
    var isAtBoundary: Bool { self.prefixCount == 0 }

    /// Takes bytes and hands out each message that they complete.
    mutating func receive(
        _ data: UnsafeRawBufferPointer,
        _ body: (consuming [UInt8]) -> Void
    ) throws(Failure) {
        var rest = unsafe data[...]
        while unsafe !rest.isEmpty {
            while self.prefixCount < 5, let byte = unsafe rest.popFirst() {
                self.prefix = self.prefix << 8 | UInt64(byte)
                self.prefixCount += 1
                if self.prefixCount == 5 {
                    try self.beginMessage()
                }
            }
            guard self.prefixCount == 5 else {
                return
            }
            let count = min(self.missing, unsafe rest.count)
            if count > 0 {
                unsafe self.message.append(contentsOf: rest.prefix(count))
                unsafe rest = rest.dropFirst(count)
                self.missing -= count
            }
            if self.missing == 0 {
                self.prefixCount = 0
                self.prefix = 0
                body(self.message)
                self.message = []
            }
        }
        // An empty message is complete with its prefix.
        if self.prefixCount == 5 && self.missing == 0 {
            self.prefixCount = 0
            self.prefix = 0
            body([])
        }
    }

    private mutating func beginMessage() throws(Failure) {
        if self.prefix >> 32 != 0 {
            throw .compressed
        }
        let size = Int(self.prefix & 0xffff_ffff)
        if size > self.limit {
            throw .tooLarge(size: size)
        }
        self.missing = size
        // A length alone buys no more than this; the rest grows with what really arrives.
        self.message.reserveCapacity(min(size, 64 << 10))
    }
}
