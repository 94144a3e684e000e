// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Where an election keeps what in etcd.
///
/// ```
/// <root>/<name>/<lease-hex>-<nonce>    a candidate; its value is what it proclaims
/// ```
///
/// The name is percent-encoded, so it holds no `/`: below one root no election's prefix is a prefix
/// of another's. Every key below the prefix is a candidate, the one with the lowest create revision
/// leads. That is the layout of `etcdctl elect`, of Go's `concurrency.Election` and of the server's
/// own election service, whose candidates are named `<lease-hex>`.
struct ElectionKeys: Sendable, Hashable {
    /// What the keys of all candidates begin with.
    let prefix: EtcdBytes

    init(root: String?, name: EtcdBytes) throws(EtcdError) {
        guard !name.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "the name of the election is empty")
        }
        guard root?.hasSuffix("/") != true else {
            throw EtcdError(
                code: .invalidArgument,
                message: "the root of the election ends with a slash; leave it out"
            )
        }
        let before = root.map { Array($0.utf8) + [Self.slash] } ?? []
        self.prefix = EtcdBytes(before + Self.encode(name.bytes) + [Self.slash])
    }

    /// The key of a candidate.
    ///
    /// The nonce tells it from the other candidates of the lease, whoever makes them.
    func candidate(lease: EtcdLeaseID, nonce: UInt64) -> EtcdBytes {
        let hex = String(nonce, radix: 16)
        let padding = String(repeating: "0", count: 16 - hex.count)
        return EtcdBytes(self.prefix.bytes + Array("\(lease)-\(padding)\(hex)".utf8))
    }

    private static let slash = UInt8(ascii: "/")

    /// Keeps what RFC 3986 allows in an element of a path; the rest becomes `%` and two digits.
    private static func encode(_ name: [UInt8]) -> [UInt8] {
        var encoded: [UInt8] = []
        for byte in name {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                encoded.append(byte)
            case _ where Self.keptPunctuation.contains(byte):
                encoded.append(byte)
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                encoded += Array("%\(digits.count == 1 ? "0" : "")\(digits)".utf8)
            }
        }
        return encoded
    }

    private static let keptPunctuation = [UInt8]("-._~!$&'()*+,;=:@".utf8)
}
