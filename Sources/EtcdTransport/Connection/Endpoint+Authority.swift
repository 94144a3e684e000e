// Part of the EtcdKit project
// SPDX-License-Identifier: Apache-2.0

extension Endpoint {
    /// Host and port as HTTP/2's `:authority` wants them (RFC 3986, section 3.2).
    var authority: String {
        if self.socketPath != nil { return self.host }
        return self.host.contains(":") ? "[\(self.host)]:\(self.port)" : "\(self.host):\(self.port)"
    }
}
