// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

/// Why a text is not an endpoint.
package struct EndpointError: Error, Hashable, Sendable {
    package enum Reason: Hashable, Sendable {
        case empty
        case unknownScheme(String)
        case userInfo
        case path
        case missingHost
        case bracket
        case unbracketedAddress
        case address(String)
        case hostName(String)
        case port(String)
        case socketPath
        case longSocketPath(Int)
    }

    /// What the user wrote; empty when it may hold a password.
    package let text: String
    package let reason: Reason

    init(_ text: String, _ reason: Reason) {
        self.text = text
        self.reason = reason
    }
}

extension EndpointError: CustomStringConvertible {
    package var description: String {
        switch self.reason {
        case .empty:
            "an endpoint is empty; give host:port, http://host:port or https://host:port"
        case .userInfo:
            "an endpoint has a user or password in it (something@); use the credentials instead"
        case .unknownScheme(let scheme):
            "\(self.text): unknown scheme \(scheme); use http, https, unix or unixs"
        case .path:
            "\(self.text): only scheme, host and port may be given, no path or query"
        case .missingHost:
            "\(self.text): the host is missing"
        case .bracket:
            "\(self.text): the brackets of the IPv6 address are wrong; write [address]:port"
        case .unbracketedAddress:
            "\(self.text): more than one colon; put an IPv6 address in brackets, [address]:port"
        case .address(let address):
            "\(self.text): \(address) is not an IPv6 address"
        case .hostName(let host):
            "\(self.text): \(host) is not a host name or address"
        case .socketPath:
            "\(self.text): give the whole path of the socket's file, unix:///path or unixs:///path"
        case .longSocketPath(let count):
            "the path of a unix socket has \(count) bytes; the system allows "
                + "\(Endpoint.longestSocketPath)"
        case .port(let port):
            "\(self.text): the port is not a number from 1 to 65535: \(port)"
        }
    }
}
