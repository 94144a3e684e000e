// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Unix sockets as endpoints.
extension Endpoint {
    /// What a path may have, the byte 0 at the end not counted.
    static let longestSocketPath = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1

    /// The endpoint if the text has the scheme `unix` or `unixs`; nil for another scheme, or none.
    ///
    /// Only paths are understood that mean the same wherever the program was started. The names of
    /// abstract sockets are not; etcd cannot listen on those.
    static func socket(_ text: String) throws(EndpointError) -> Endpoint? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return nil
        }
        let usesTLS: Bool
        switch text[..<colon].lowercased() {
        case "unix": usesTLS = false
        case "unixs": usesTLS = true
        default: return nil
        }
        let path = String(text[text.index(colon, offsetBy: 3)...])
        // What stands before the path may be a password, which no complaint repeats.
        guard path.first == "/" || !path.utf8.dropFirst().contains(UInt8(ascii: "@")) else {
            throw EndpointError("", .userInfo)
        }
        guard path.first == "/", path.last != "/", !path.utf8.contains(0) else {
            throw EndpointError(text, .socketPath)
        }
        guard path.utf8.count <= Self.longestSocketPath else {
            throw EndpointError(text, .longSocketPath(path.utf8.count))
        }
        // What etcd's own client sends as the authority.
        var endpoint = Endpoint(host: "localhost", port: 0, usesTLS: usesTLS, isIPAddress: false)
        endpoint.socketPath = path
        return endpoint
    }

    /// The address of the socket's file.
    static func socketAddress(_ path: String) -> SocketAddress {
        let family = UInt16(AF_UNIX)
        let bytes = [UInt8(truncatingIfNeeded: family), UInt8(truncatingIfNeeded: family >> 8)]
        return SocketAddress(
            family: AF_UNIX,
            bytes: (UInt16(1).littleEndian == 1 ? bytes : bytes.reversed()) + path.utf8 + [0]
        )
    }
}
