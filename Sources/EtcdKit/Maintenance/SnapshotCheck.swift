// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

/// Checks a snapshot while it streams: that all of it came, and that its digest is right.
///
/// The last 32 bytes of the stream are the SHA-256 digest of those before. Wherever the server cuts
/// it into messages, the newest 32 bytes are kept apart until more follow.
struct SnapshotCheck: ~Copyable {
    /// What is wrong with a snapshot.
    enum Damage: Error, Equatable {
        /// The stream ended in good order, but too early.
        case incomplete(missing: UInt64)
        /// There is more, or less, than was announced.
        case wrongSize(announced: UInt64, received: UInt64)
        case wrongDigest
    }

    private let digest = SHA256Digest()
    private var tail: [UInt8] = []
    private var remaining: UInt64 = 0

    /// How many bytes came, the digest included.
    private(set) var received: UInt64 = 0

    /// How many bytes there are in all, the digest included; nil before the first message.
    private(set) var announced: UInt64?

    init() {}

    /// A message came.
    mutating func received(_ bytes: [UInt8], remaining: UInt64) {
        let count = UInt64(bytes.count)
        self.received += count
        self.remaining = remaining
        if self.announced == nil {
            let (total, isTooLarge) = remaining.addingReportingOverflow(count + Self.digestSize)
            self.announced = isTooLarge ? .max : total
        }
        if bytes.count >= SHA256Digest.size {
            self.digest.update(self.tail[...])
            self.digest.update(bytes.dropLast(SHA256Digest.size))
            self.tail = Array(bytes.suffix(SHA256Digest.size))
        } else {
            self.tail += bytes
            let surplus = max(0, self.tail.count - SHA256Digest.size)
            self.digest.update(self.tail[..<surplus])
            self.tail.removeFirst(surplus)
        }
    }

    /// The stream ended in good order: throws if the snapshot is not whole and sound.
    consuming func finish() throws(Damage) {
        guard self.remaining == 0, let announced = self.announced else {
            throw .incomplete(missing: self.remaining)
        }
        guard self.received == announced else {
            throw .wrongSize(announced: announced, received: self.received)
        }
        guard self.digest.finish() == self.tail else { throw .wrongDigest }
    }

    private static var digestSize: UInt64 { UInt64(SHA256Digest.size) }
}

extension EtcdError {
    /// A snapshot that arrived damaged; another attempt may bring a sound one.
    init(_ damage: SnapshotCheck.Damage, endpoint: String?) {
        let what =
            switch damage {
            case .incomplete(let missing):
                "the stream ended early, \(missing) bytes before the end of the data"
            case .wrongSize(let announced, let received):
                "\(received) bytes arrived where \(announced) were announced"
            case .wrongDigest:
                "its SHA-256 digest does not match"
            }
        self.init(
            code: .malformedResponse,
            message: "the snapshot arrived damaged: \(what); take another one",
            endpoint: endpoint,
            cause: damage,
            isRetryable: true
        )
    }
}
