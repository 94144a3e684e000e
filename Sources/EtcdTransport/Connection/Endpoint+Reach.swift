// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Whom an endpoint can be reached by.
extension Endpoint {
    /// Whether the host means "every address of this machine" (`0.0.0.0`, `[::]`), which is a place
    /// to listen and not one to connect to.
    package var isUnspecified: Bool {
        self.addressBytes?.allSatisfy { $0 == 0 } ?? false
    }

    /// Whether the host is the machine that asks, whichever that is.
    package var isLoopback: Bool {
        if self.socketPath != nil { return true }
        guard let bytes = self.addressBytes else {
            let name = self.host.lowercased()
            return name == "localhost" || name.hasSuffix(".localhost")
        }
        return bytes.count == 4 ? bytes[0] == 127 : bytes == Self.ipv6Loopback
    }

    private static let ipv6Loopback = [UInt8](repeating: 0, count: 15) + [1]

    /// The address in network order, an IPv4 address within IPv6 as four bytes; nil for a name.
    private var addressBytes: [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, self.host, &bytes) == 1 { return Array(bytes[..<4]) }
        guard unsafe inet_pton(AF_INET6, self.host, &bytes) == 1 else { return nil }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10..<12] == [0xff, 0xff]
        return isMapped ? Array(bytes[12...]) : bytes
    }
}
