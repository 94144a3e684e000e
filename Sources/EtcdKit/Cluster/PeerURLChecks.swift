// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

import EtcdTransport

// The server checks peer URLs when a member is added and takes anything when they are changed.

extension [String] {
    /// The URLs, if all of them can be peer URLs.
    func checkedPeerURLs() throws(EtcdError) -> [String] {
        guard !self.isEmpty else {
            throw EtcdError(code: .invalidArgument, message: "no peer URL is given")
        }
        for url in self where !url.isPeerURL {
            throw EtcdError(
                code: .invalidArgument,
                message: "\(url) cannot be a peer URL; write http://host:port or https://host:port"
            )
        }
        guard Set(self).count == self.count else {
            throw EtcdError(code: .invalidArgument, message: "a peer URL is given twice")
        }
        return self
    }
}

extension String {
    /// Whether it is scheme, host and port, and nothing else.
    fileprivate var isPeerURL: Bool {
        guard self.hasPrefix("http://") || self.hasPrefix("https://"),
            let endpoint = try? Endpoint(parsing: self, tlsByDefault: false)
        else { return false }
        return self.hasSuffix(":\(endpoint.port)") && !endpoint.isUnspecified
    }
}
