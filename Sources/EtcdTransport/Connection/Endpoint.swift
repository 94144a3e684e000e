// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Where one member listens.
package struct Endpoint: Hashable, Sendable {
    /// Name or address; an IPv6 address without its brackets.
    package var host: String
    package var port: UInt16
    package var usesTLS: Bool
    /// Whether the host is an address rather than a name.
    package var isIPAddress: Bool
    /// The file of a unix socket; host and port mean nothing then.
    package var socketPath: String?

    package init(host: String, port: UInt16, usesTLS: Bool, isIPAddress: Bool) {
        self.host = host
        self.port = port
        self.usesTLS = usesTLS
        self.isIPAddress = isIPAddress
    }

    /// The port etcd serves clients on unless told otherwise.
    static let defaultPort: UInt16 = 2379

    /// Understands `host`, `host:port`, `http://…` and `https://…`, with IPv6 addresses in
    /// brackets, and `unix:///path` and `unixs:///path`.
    ///
    /// - Parameters:
    ///   - text: what the user wrote.
    ///   - tlsByDefault: whether to use TLS when there is no scheme.
    /// - Throws: ``EndpointError``, which says what is wrong with the text.
    package init(parsing text: String, tlsByDefault: Bool) throws(EndpointError) {
        guard !text.isEmpty else { throw EndpointError(text, .empty) }
        if let socket = try Self.socket(text) {
            self = socket
            return
        }
        // First of all, so that no other complaint repeats a password.
        guard !text.utf8.contains(UInt8(ascii: "@")) else { throw EndpointError("", .userInfo) }

        let (scheme, rest) = Self.splitScheme(text)
        switch scheme {
        case nil: self.usesTLS = tlsByDefault
        case "http": self.usesTLS = false
        case "https": self.usesTLS = true
        case .some(let other): throw EndpointError(text, .unknownScheme(other))
        }

        var authority = rest
        if authority.last == "/" { authority.removeLast() }
        guard !authority.contains(where: { "/?#".contains($0) }) else {
            throw EndpointError(text, .path)
        }

        let (host, port) = try Self.splitPort(authority, of: text)
        self.host = String(host)
        self.port = try Self.port(port, of: text)
        let isBracketed = authority.first == "["
        if isBracketed {
            guard Self.isAddress(self.host, AF_INET6) else {
                throw EndpointError(text, .address(self.host))
            }
            self.isIPAddress = true
        } else {
            guard !self.host.isEmpty else { throw EndpointError(text, .missingHost) }
            guard self.host.utf8.allSatisfy(Self.isNameByte) else {
                throw EndpointError(text, .hostName(self.host))
            }
            self.isIPAddress = Self.isAddress(self.host, AF_INET)
        }
    }

    private static func splitScheme(_ text: String) -> (scheme: String?, rest: Substring) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return (nil, text[...])
        }
        return (text[..<colon].lowercased(), text[text.index(colon, offsetBy: 3)...])
    }

    private static func splitPort(
        _ authority: Substring,
        of text: String
    ) throws(EndpointError) -> (host: Substring, port: Substring?) {
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else {
                throw EndpointError(text, .bracket)
            }
            let host = authority[authority.index(after: authority.startIndex)..<end]
            let behind = authority[authority.index(after: end)...]
            if behind.isEmpty { return (host, nil) }
            guard behind.first == ":" else { throw EndpointError(text, .bracket) }
            return (host, behind.dropFirst())
        }
        guard let colon = authority.firstIndex(of: ":") else { return (authority, nil) }
        let port = authority[authority.index(after: colon)...]
        guard !port.contains(":") else { throw EndpointError(text, .unbracketedAddress) }
        return (authority[..<colon], port)
    }

    private static func port(_ text: Substring?, of whole: String) throws(EndpointError) -> UInt16 {
        guard let text else { return Self.defaultPort }
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let port = UInt16(text), port != 0
        else { throw EndpointError(whole, .port(String(text))) }
        return port
    }

    package static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"):
            true
        default:
            false
        }
    }

    /// Whether the host is an address of either family, without brackets.
    static func isAddress(_ host: String) -> Bool {
        self.isAddress(host, AF_INET) || self.isAddress(host, AF_INET6)
    }

    private static func isAddress(_ text: String, _ family: Int32) -> Bool {
        var address = in6_addr()
        return unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe inet_pton(family, text, address) == 1
        }
    }
}

extension Endpoint: CustomStringConvertible {
    /// The endpoint as a URL: `https://127.0.0.1:2379`.
    package var description: String {
        if let path = self.socketPath { return "\(self.usesTLS ? "unixs" : "unix")://\(path)" }
        return "\(self.usesTLS ? "https" : "http")://\(self.authority)"
    }
}
