// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Bytes on their way to the socket: many frames, one write.
struct OutgoingBuffer {
    /// Frames are collected up to about this many bytes.
    static let target = 256 << 10

    private var bytes: [UInt8] = []
    private var written = 0

    var isEmpty: Bool { self.written == self.bytes.count }

    /// Takes frames from the session until the target is reached.
    ///
    /// - Returns: Whether the session may have more.
    mutating func fill(from session: HTTP2Session) throws(ConnectionFailure) -> Bool {
        while self.bytes.count - self.written < Self.target {
            guard let chunk = try unsafe session.nextOutput() else {
                return false
            }
            unsafe self.bytes.append(contentsOf: chunk)
        }
        return true
    }

    /// Takes all ciphertext there is.
    mutating func fill(from tls: TLSConnection) {
        tls.drainOutgoing(into: &self.bytes)
    }

    /// Writes as much as the socket takes.
    ///
    /// - Returns: Whether everything was written.
    mutating func write(to socket: ConnectedSocket) throws(SystemError) -> Bool {
        while self.written < self.bytes.count {
            let start = self.written
            let count = try unsafe self.bytes.withUnsafeBytes { bytes in
                Result { () throws(SystemError) in
                    try unsafe socket.write(UnsafeRawBufferPointer(rebasing: bytes[start...]))
                }
            }.get()
            guard let count else {
                return false
            }
            self.written += count
        }
        // Memory of a burst is not kept for ever.
        self.bytes.removeAll(keepingCapacity: self.bytes.capacity <= 4 * Self.target)
        self.written = 0
        return true
    }
}
