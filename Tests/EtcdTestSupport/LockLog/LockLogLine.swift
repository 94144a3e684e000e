// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What contenders of a lock are asked to do.
package enum LockLogPhase: String, Sendable {
    /// To ask for the lock again and again.
    case go
    /// To finish what they are at and to wait.
    case drain
    /// To end.
    case end
}

/// What a contender is told when its line stands in the log.
package struct LockLogAnswer: Sendable, CustomStringConvertible {
    /// The line's number.
    package var line: Int
    package var phase: LockLogPhase
    /// Whether the fenced resource took what was to be used.
    package var isAccepted: Bool

    package init(line: Int, phase: LockLogPhase, isAccepted: Bool) {
        self.line = line
        self.phase = phase
        self.isAccepted = isAccepted
    }

    init?(_ description: String) {
        let words = description.split(separator: " ")
        guard words.count == 3, let line = Int(words[0]),
            let phase = LockLogPhase(rawValue: String(words[1]))
        else { return nil }
        self.init(line: line, phase: phase, isAccepted: words[2] == "accepted")
    }

    package var description: String {
        "\(self.line) \(self.phase.rawValue) \(self.isAccepted ? "accepted" : "refused")"
    }
}

/// Lines of text over a connected socket; everything blocks, and one thread uses it at a time.
struct LineSocket: ~Copyable {
    private let socket: Int32
    private var received: [UInt8] = []

    /// Takes the socket over.
    init(_ socket: Int32) {
        self.socket = socket
        var on: Int32 = 1
        unsafe setsockopt(
            socket,
            Int32(IPPROTO_TCP),
            TCP_NODELAY,
            &on,
            socklen_t(MemoryLayout<Int32>.size)
        )
    }

    deinit {
        close(self.socket)
    }

    /// The next line, nil when the other end is gone.
    mutating func read() -> String? {
        while true {
            if let end = self.received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: self.received[..<end], as: UTF8.self)
                self.received.removeFirst(end + 1)
                return line
            }
            var chunk = [UInt8](repeating: 0, count: 256)
            let count = unsafe recv(self.socket, &chunk, chunk.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            self.received += chunk[..<count]
        }
    }

    /// Sends a line; false when the other end is gone.
    func write(_ line: String) -> Bool {
        let bytes = Array("\(line)\n".utf8)
        // Far less than what a socket takes at once.
        return unsafe send(self.socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }
}
