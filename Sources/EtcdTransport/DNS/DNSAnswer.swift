// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// The SRV records in an answer of a name server (RFC 1035, section 4).
///
/// The bytes come from the network: every length is checked, and a compressed name may only point to
/// what stands before it, so that reading one ends.
package struct DNSAnswer: Equatable, Sendable {
    /// Why the bytes are not an answer.
    package enum Failure: Error, Equatable, Sendable {
        /// They end before they should.
        case truncated
        /// A name that is too long, or points to itself or ahead.
        case name
        /// The server answers with this code.
        case refused(UInt8)
    }

    /// More than these are not looked at.
    static let maximumCount = 256

    package private(set) var records: [ServiceRecord] = []

    package init(_ bytes: [UInt8]) throws(Failure) {
        var reader = Reader(bytes: bytes)
        try reader.skip(2)
        let flags = try reader.number()
        guard flags & 0xf == 0 else { throw .refused(UInt8(flags & 0xf)) }
        let questions = try reader.number()
        let answers = try reader.number()
        try reader.skip(4)
        for _ in 0..<questions {
            _ = try reader.name()
            try reader.skip(4)
        }
        for _ in 0..<min(Int(answers), Self.maximumCount) {
            if let record = try reader.record() { self.records.append(record) }
        }
    }

    private struct Reader {
        private static let serviceType: UInt16 = 33
        private static let internetClass: UInt16 = 1
        private static let longestName = 255

        let bytes: [UInt8]
        private var offset = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func skip(_ count: Int) throws(Failure) {
            guard count <= self.bytes.count - self.offset else { throw .truncated }
            self.offset += count
        }

        mutating func number() throws(Failure) -> UInt16 {
            let start = self.offset
            try self.skip(2)
            return UInt16(self.bytes[start]) << 8 | UInt16(self.bytes[start + 1])
        }

        /// The labels of a name; an empty list is the root.
        mutating func name() throws(Failure) -> [ArraySlice<UInt8>] {
            var labels: [ArraySlice<UInt8>] = []
            var length = 0
            var position = self.offset
            /// Pointers lead to places before this one.
            var limit = self.offset
            var hasJumped = false
            while true {
                guard position < self.bytes.count else { throw .truncated }
                let size = Int(self.bytes[position])
                switch size {
                case 0:
                    if !hasJumped { self.offset = position + 1 }
                    return labels
                case 1...63:
                    guard position + 1 + size <= self.bytes.count else { throw .truncated }
                    length += size + 1
                    guard length <= Self.longestName else { throw .name }
                    labels.append(self.bytes[(position + 1)..<(position + 1 + size)])
                    position += 1 + size
                case 0xc0...:
                    guard position + 1 < self.bytes.count else { throw .truncated }
                    let target = (size & 0x3f) << 8 | Int(self.bytes[position + 1])
                    guard target < limit else { throw .name }
                    if !hasJumped { self.offset = position + 2 }
                    hasJumped = true
                    limit = target
                    position = target
                default:
                    throw .name
                }
            }
        }

        /// The next record; nil if it is none of a service, or of one that is not offered.
        mutating func record() throws(Failure) -> ServiceRecord? {
            _ = try self.name()
            let (type, kind) = (try self.number(), try self.number())
            let (high, low) = (try self.number(), try self.number())
            let size = Int(try self.number())
            let end = self.offset + size
            guard end <= self.bytes.count else { throw .truncated }
            defer { self.offset = end }
            guard type == Self.serviceType, kind == Self.internetClass else { return nil }
            let (priority, weight, port) = (
                try self.number(), try self.number(), try self.number()
            )
            let labels = try self.name()
            guard self.offset == end else { throw .truncated }
            // The root as the target says that the service is not offered.
            guard !labels.isEmpty, port != 0, labels.joined().allSatisfy(Endpoint.isNameByte) else {
                return nil
            }
            let seconds = UInt32(high) << 16 | UInt32(low)
            return ServiceRecord(
                priority: priority,
                weight: weight,
                port: port,
                target: labels.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "."),
                // The highest bit set means none at all (RFC 2181, section 8).
                timeToLive: .seconds(seconds > UInt32(Int32.max) ? 0 : Int64(seconds))
            )
        }
    }
}
