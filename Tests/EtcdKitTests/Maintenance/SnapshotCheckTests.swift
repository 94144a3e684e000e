// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

@testable import EtcdKit
import EtcdTestSupport
import EtcdTransport
import Testing

struct SnapshotCheckTests {
    /// The end of a check, as noncopyable values do not fit into expectations.
    private func damage(
        of pieces: [[UInt8]],
        announcing total: Int,
        remainingAtEnd: UInt64? = nil
    ) -> SnapshotCheck.Damage? {
        var check = SnapshotCheck()
        var left = total
        for (index, piece) in pieces.enumerated() {
            left = max(0, left - piece.count)
            let isLast = index == pieces.count - 1
            check.received(piece, remaining: isLast ? remainingAtEnd ?? UInt64(left) : UInt64(left))
        }
        do throws(SnapshotCheck.Damage) {
            try check.finish()
            return nil
        } catch {
            return error
        }
    }

    private func digest(of bytes: [UInt8]) -> [UInt8] {
        let digest = SHA256Digest()
        digest.update(bytes[...])
        return digest.finish()
    }

    @Test func theDigestIsSHA256() {
        // FIPS 180-2, appendix B.1.
        let expected: [UInt8] = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
            0x22,
            0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2,
            0x00,
            0x15, 0xad,
        ]
        #expect(self.digest(of: Array("abc".utf8)) == expected)
    }

    @Test func aSoundSnapshotPassesHoweverItIsCut() {
        var generator = SeededGenerator()
        for _ in 0..<200 {
            let data = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            var rest = (data + self.digest(of: data))[...]
            // The first piece is within the data, as that is what the size is counted from.
            var pieces = [Array(rest.prefix(data.count / 2))]
            rest = rest.dropFirst(data.count / 2)
            while !rest.isEmpty {
                let count = Int.random(in: 0...70, using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(
                self.damage(of: pieces, announcing: data.count) == nil,
                "seed \(generator.seed)"
            )
        }
    }

    @Test func everyFlippedByteIsNoticed() {
        let data = (0..<100).map { UInt8($0) }
        let whole = data + self.digest(of: data)
        for index in whole.indices {
            var damaged = whole
            damaged[index] ^= 0x10
            let pieces = [Array(damaged[..<40]), Array(damaged[40..<100]), Array(damaged[100...])]
            #expect(self.damage(of: pieces, announcing: 100) == .wrongDigest)
        }
    }

    @Test func whatIsMissingOrTooMuchIsNoticed() {
        let data = [UInt8](repeating: 3, count: 100)
        let digest = self.digest(of: data)
        #expect(
            self.damage(of: [Array(data[..<60])], announcing: 100) == .incomplete(missing: 40)
        )
        #expect(self.damage(of: [], announcing: 100) == .incomplete(missing: 0))
        #expect(
            self.damage(of: [data], announcing: 100)
                == .wrongSize(announced: 132, received: 100)
        )
        #expect(
            self.damage(of: [data, digest, [0]], announcing: 100)
                == .wrongSize(announced: 132, received: 133)
        )
        #expect(
            self.damage(of: [data, digest], announcing: 100, remainingAtEnd: 1)
                == .incomplete(missing: 1)
        )
        // A number that no snapshot has must not overflow.
        #expect(
            self.damage(of: [data], announcing: 100, remainingAtEnd: .max)
                == .incomplete(missing: .max)
        )
    }
}
