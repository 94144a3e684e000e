// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Looks at the first bytes of a peer, to say what it is when it does not speak HTTP/2.
struct ConnectionPreamble {
    private var start: [UInt8] = []

    /// Whether the peer has said nothing yet.
    var isEmpty: Bool { self.start.isEmpty }

    /// - Returns: What the peer is, if it is known to be something else.
    mutating func received(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard self.start.count < 64 else {
            return nil
        }
        unsafe self.start.append(contentsOf: bytes.prefix(64 - self.start.count))
        if self.start.starts(with: "HTTP/".utf8) {
            return self.hint + " (HTTP/1; the client port of etcd is usually 2379, the peer port"
                + " 2380)"
        }
        // A TLS alert record: type 21, major version 3 (RFC 8446, section 5.1).
        if self.start.starts(with: [21, 3]) {
            return "it answered with a TLS alert; use https:// and a CA certificate"
        }
        return nil
    }
    /// What the peer said that is not HTTP/2.
    var hint: String {
        let line = self.start.prefix { (0x20..<0x7f).contains($0) }
        return line.count < 4
            ? "its first bytes are something else"
            : "it answered \"\(String(decoding: line, as: UTF8.self))\""
    }
}
